"""Records of calls."""

from agentrun.record.record import CallRecord, EndedBy, Entry, Takeover

__all__ = ["CallRecord", "EndedBy", "Entry", "Takeover"]
