"""Records of calls."""

from agentrun.record.record import CallRecord, EndedBy, Entry

__all__ = ["CallRecord", "EndedBy", "Entry"]
