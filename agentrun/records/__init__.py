"""Call records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.lazy_names import lazy_names

if TYPE_CHECKING:
    from agentrun.records.call_record import CallRecord, EndedBy
    from agentrun.records.entries import (
        CutBy,
        Dropped,
        Entry,
        Failover,
        KeyPress,
        ListenerEntry,
        Takeover,
        Turn,
    )

__all__ = [
    "CallRecord",
    "CutBy",
    "Dropped",
    "EndedBy",
    "Entry",
    "Failover",
    "KeyPress",
    "ListenerEntry",
    "Takeover",
    "Turn",
]
_ENTRIES = dict.fromkeys(
    ("CutBy", "Dropped", "Entry", "Failover", "KeyPress", "ListenerEntry", "Takeover", "Turn"),
    "agentrun.records.entries",
)
__getattr__ = lazy_names(
    __name__, {**dict.fromkeys(("CallRecord", "EndedBy"), "agentrun.records.call_record"), **_ENTRIES}
)
