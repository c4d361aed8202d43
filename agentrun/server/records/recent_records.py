"""The records of this process's latest calls, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records import CallRecord
from agentrun.records.store.threads import StoreThreads

MOST_RECORDS = 500
T = TypeVar("T")


class PastCall(Protocol):
    """A store from which records can be read."""

    def get(self, call_id: str, agent: str | None = None) -> dict[str, Any] | None: ...

    def began(self, call_id: str, agent: str) -> str | None: ...


class RecentRecords:
    """Keeps the newest records in memory, including those of live calls."""

    def __init__(self, most: int = MOST_RECORDS) -> None:
        self._most = most
        self.past: PastCall | None = None
        """The store to read calls from that are no longer in memory."""
        self.is_unwritten: Callable[[CallRecord], bool] = lambda _record: True
        """Whether the store may not have the latest version of a record."""
        self.add_to_reason: Callable[[str, str, str], bool] | None = None
        """What the store does for ``amend``."""
        self._threads = StoreThreads("reading", most=4)
        self._single = StoreThreads("row", most=2)
        self._lists = StoreThreads("rows")
        self._watchers: list[Callable[[CallRecord], None]] = []
        self._forgetters: list[Callable[[CallRecord], None]] = []
        self._records: OrderedDict[tuple[str, str], CallRecord] = OrderedDict()

    def add(self, record: CallRecord) -> None:
        """Add ``record``, and drop the oldest one if there are too many."""
        self._records[record.agent, record.id] = record
        for watcher in self._watchers:
            watcher(record)
        while len(self._records) > self._most:
            self._records.popitem(last=False)

    def on_add(self, watcher: Callable[[CallRecord], None]) -> None:
        """Call ``watcher`` with every new record."""
        self._watchers.append(watcher)

    def on_forget(self, watcher: Callable[[CallRecord], None]) -> None:
        """Have ``watcher`` told of each record that another process goes on with."""
        self._forgetters.append(watcher)

    def forget(self, record: CallRecord) -> None:
        """Another process goes on with ``record``, and writes it."""
        if self.get(record.agent, record.id) is record:
            del self._records[record.agent, record.id]
        for watcher in self._forgetters:
            watcher(record)

    def changed(self, record: CallRecord) -> None:
        """Tell the watchers of a record that has changed after its call."""
        for watcher in self._watchers:
            watcher(record)

    def get(self, agent: str, call_id: str) -> CallRecord | None:
        """The record of a live or past call in memory, or None."""
        return self._records.get((agent, call_id))

    async def find(self, agent: str, call_id: str) -> dict[str, Any] | None:
        """The record of a call as JSON, from memory or the store, or None."""
        if record := self.get(agent, call_id):
            # in threads of its own: lists are long, and each page that is open asks for them again and again
            return await self._single.run(record.copied().as_json)
        return await self._threads.run(self.past.get, call_id, agent) if self.past else None

    async def amend(self, agent: str, call_id: str, words: str) -> bool:
        """Add ``words`` to why a call has ended that another process stored; whether its record says so."""
        if self.add_to_reason is None:
            return False
        try:
            return await self._single.run(self.add_to_reason, agent, call_id, words)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            logger.warning("call {}: its record could not be amended: {}", call_id, type(error).__name__)
            return False

    async def began(self, agent: str, call_id: str) -> str | None:
        """When a call began, which is soon known of a long one too; None where there is none."""
        if record := self.get(agent, call_id):
            return record.started.isoformat()
        return await self._threads.run(self.past.began, call_id, agent) if self.past else None

    async def rows(self, records: Iterable[CallRecord]) -> list[dict[str, Any]]:
        """Records as JSON, converted in a thread, since many or long ones would delay live calls."""
        copies = [record.copied() for record in records]
        return await self._lists.run(lambda: [copy.as_json() for copy in copies])

    async def read(self, work: Callable[[], T]) -> T:
        """Run ``work``, which reads the store, in a thread; raises TimeoutError if it takes too long."""
        return await self._threads.run(work)

    def newest(self) -> list[CallRecord]:
        """All records in memory, newest first."""
        return list(reversed(self._records.values()))
