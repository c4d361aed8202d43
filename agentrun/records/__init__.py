"""Records of calls."""

from agentrun.records.call_record import CallRecord, EndedBy
from agentrun.records.entries import CutBy, Dropped, Entry, KeyPress, Takeover, Turn

__all__ = ["CallRecord", "CutBy", "Dropped", "EndedBy", "Entry", "KeyPress", "Takeover", "Turn"]
