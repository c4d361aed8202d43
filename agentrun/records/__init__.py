"""Records of calls."""

from agentrun.records.call_record import CallRecord, EndedBy, Entry, Takeover, Turn

__all__ = ["CallRecord", "EndedBy", "Entry", "Takeover", "Turn"]
