"""Records of calls."""

from agentrun.record.record import CallRecord, EndedBy, Entry, Takeover, Turn

__all__ = ["CallRecord", "EndedBy", "Entry", "Takeover", "Turn"]
