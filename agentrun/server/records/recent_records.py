"""The records of the latest calls of this process."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from agentrun.records import CallRecord

MOST_RECORDS = 500


class PastCall(Protocol):
    """A store, as far as records are read from it."""

    def get(self, call_id: str, agent: str | None = None) -> dict[str, Any] | None: ...


class RecentRecords:
    """Keeps the newest records in memory, live calls among them."""

    def __init__(self, most: int = MOST_RECORDS) -> None:
        self._most = most
        self.past: PastCall | None = None
        """Where calls are looked for that are not in memory any more."""
        self._watchers: list[Callable[[CallRecord], None]] = []
        self._records: OrderedDict[tuple[str, str], CallRecord] = OrderedDict()

    def add(self, record: CallRecord) -> None:
        """Keep ``record``; the oldest one goes when there are too many."""
        self._records[record.agent, record.id] = record
        for watcher in self._watchers:
            watcher(record)
        while len(self._records) > self._most:
            self._records.popitem(last=False)

    def on_add(self, watcher: Callable[[CallRecord], None]) -> None:
        """Have ``watcher`` told of every record from now on."""
        self._watchers.append(watcher)

    def changed(self, record: CallRecord) -> None:
        """Tell the watchers of a record that has changed after its call."""
        for watcher in self._watchers:
            watcher(record)

    def get(self, agent: str, call_id: str) -> CallRecord | None:
        """The record of a call, live or past, or None."""
        return self._records.get((agent, call_id))

    async def find(self, agent: str, call_id: str) -> dict[str, Any] | None:
        """The record of a call as JSON, from memory or from the store, or None."""
        if found := self.get(agent, call_id):
            return found.as_json()
        return await asyncio.to_thread(self.past.get, call_id, agent) if self.past else None

    def newest(self) -> list[CallRecord]:
        """Every record that is kept, the newest first."""
        return list(reversed(self._records.values()))
