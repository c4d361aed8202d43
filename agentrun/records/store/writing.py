"""Writes the row of a call, new or existing."""

from __future__ import annotations

from typing import Any

from agentrun.records.store import leases
from agentrun.records.store.tables import CALLS

_CHANGING = ("ended", "record", "owner", "seen", "analysis", "resume", "webhook")
"""Columns that are written anew; `agent`, `id`, `started` and `key` stay what they were."""


def statement(insert: Any) -> Any:
    """The statement for one row, by the dialect's ``insert``; building it takes longer than writing does."""
    whole = insert(CALLS)
    new = whole.excluded
    may = CALLS.c.ended.is_(None) | leases.given_up(new.owner) | new.ended.is_not(None)
    changed, mine = {name: new[name] for name in _CHANGING}, (CALLS.c.key == new.key) & may
    return whole.on_conflict_do_update(index_elements=["agent", "id"], set_=changed, where=mine)
