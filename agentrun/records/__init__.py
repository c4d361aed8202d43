"""Records of calls."""

from agentrun.records.call_record import CallRecord, Dropped, EndedBy, Entry, Takeover, Turn

__all__ = ["CallRecord", "Dropped", "EndedBy", "Entry", "Takeover", "Turn"]
