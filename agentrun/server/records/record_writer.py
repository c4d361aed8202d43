"""Writes records during calls, so that little is lost if the process dies."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from loguru import logger

from agentrun.records import CallRecord
from agentrun.records.store.hourly import BATCH
from agentrun.records.store.leases import LapsedLeases
from agentrun.records.store.local_copies import LocalCopies
from agentrun.records.store.search import index
from agentrun.records.store.store import FORGOTTEN, Store
from agentrun.records.store.threads import StoreThreads
from agentrun.server.records.row_writing import RowWriter, Written

PERIOD_SECONDS = 0.5
"""Interval of writes; a killed process loses at most this and the time of a write."""
WRITE_SECONDS = 20.0
"""How long a write may take before it counts as failed; SQLite waits 10 s for a locked file."""
TOUCH_SECONDS = 5.0
FORGET_SECONDS = 3600.0
COUNT_SECONDS = 5.0
"""Between two looks for calls that are not in the sums of the charts, or in the index for searches."""
CLOSE_SECONDS = 3.0
"""How long the store may take when the server stops; whatever is left then is kept in files."""


@dataclass
class _Open:
    """A record that is being written; ``last`` is the version in the store."""

    record: CallRecord
    last: CallRecord | None = None

    def changed(self) -> CallRecord | None:
        """The current version of the record, unless the store has it already."""
        now = self.record.copied()
        return None if now == self.last else now


class RecordWriter:
    """Keeps the records of one process in a store; ended calls are kept for ``days``, None for forever.

    ``webhooks`` gives the agents whose ended records are sent on; ``copies`` are for records that the store
    does not take. The event loop only looks at what has changed: words are hidden and rows are written in a
    thread.
    """

    def __init__(
        self,
        store: Store,
        copies: LocalCopies,
        days: float | None = None,
        webhooks: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.store = store
        self._copies = copies
        self._days = days
        self._webhooks = webhooks
        self._enders: list[Callable[[], None]] = []
        self._refusals: list[Callable[[str], None]] = []
        self.owner = secrets.token_hex(8)
        self._rows = RowWriter(store, copies, self.owner)
        self._threads = StoreThreads("records")
        self._open: dict[str, _Open] = {}
        self._lapses = LapsedLeases(time.monotonic)
        self._touched = self._forgot = self._counted = self._indexed = float("-inf")
        self._failing = False
        self._begun = asyncio.Event()

    def watch(self, record: CallRecord) -> None:
        """Write ``record`` until it has ended, beginning at once so that other processes know the call."""
        self._open.setdefault(record.key, _Open(record))
        record.flush = self.write
        self._begun.set()

    def is_unwritten(self, record: CallRecord) -> bool:
        """Whether the store may lack something of ``record``."""
        return record.key in self._open

    def forget(self, record: CallRecord) -> None:
        """Stop writing ``record``, since another process writes it now."""
        self._open.pop(record.key, None)

    def on_end(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` when ended calls have been written."""
        self._enders.append(watcher)

    def on_refusal(self, watcher: Callable[[str], None]) -> None:
        """Call ``watcher`` with the agent of each record that the store refuses."""
        self._refusals.append(watcher)

    async def run(self) -> None:
        """Write changes periodically until cancelled."""
        await self._take_in()
        while True:
            self._begun.clear()
            await self.write()
            await self._look_after()
            # Python 3.11's wait_for may take a cancellation for the event that came with it
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_SECONDS):
                    await self._begun.wait()

    async def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Write what is left, or keep it in files, and close the store; returns in any case.

        The store has ``seconds``; with none, it is not tried.
        """
        if seconds:
            await self.write(seconds)
        if leftovers := [(copy, copy.agent in self._webhooks()) for copy in self._changed()]:
            # the store's own thread may be held up for ever
            with contextlib.suppress(TimeoutError):
                await StoreThreads("copies").run(self._rows.keep, leftovers, seconds=CLOSE_SECONDS)
        with contextlib.suppress(TimeoutError, sa.exc.SQLAlchemyError):
            await StoreThreads("close").run(self.store.close, seconds=1.0)

    async def write(self, seconds: float = WRITE_SECONDS) -> bool:
        """Write what has changed since the last time; what can't be written is retried.

        Whether the store could be written.
        """
        changed = self._changed()
        if not changed:
            return not self._failing
        webhooks = frozenset(self._webhooks())
        try:
            result = await self._threads.run(self._rows.write, changed, webhooks, seconds=seconds)
        except (sa.exc.SQLAlchemyError, TimeoutError, OSError) as error:
            self._note_failure(error)
            return False
        self._failing = False
        self._note(result)
        return True

    def _changed(self) -> list[CallRecord]:
        copies = (each.changed() for each in self._open.values())
        return [copy for copy in copies if copy is not None]

    def _note(self, written: Written) -> None:
        for copy in (*written.stored, *written.refused):
            entry = self._open.get(copy.key)
            if entry is None:
                continue
            entry.last = copy
            if copy.ended and entry.changed() is None:
                del self._open[copy.key]
        for copy in written.newly_refused:
            for refusal in self._refusals:
                refusal(copy.agent)
        if any(copy.ended for copy in written.stored):
            for watcher in self._enders:
                watcher()

    def _note_failure(self, error: Exception) -> None:
        if not self._failing:
            words = getattr(error, "orig", None) or error or type(error).__name__
            logger.error("records can't be written: {}", str(words) or type(error).__name__)
        self._failing = True

    async def _take_in(self) -> None:
        """Give the store what an earlier process had kept in files."""
        try:
            count = await self._threads.run(self._copies.take_in, self._rows.take, seconds=WRITE_SECONDS)
        except (sa.exc.SQLAlchemyError, TimeoutError, OSError) as error:
            logger.error("records in {} can't be taken in: {}", self._copies.folder, type(error).__name__)
            return
        if count:
            logger.warning("{} records that were kept in {} are stored now", count, self._copies.folder)
            for watcher in self._enders:
                watcher()

    async def _look_after(self) -> None:
        """Renew the lease, close calls of dead servers, update statistics and index, and delete old calls."""
        now = time.monotonic()
        try:
            if now - self._touched > TOUCH_SECONDS:
                self._touched = now
                await self._threads.run(self._touch, seconds=WRITE_SECONDS)
            if self._days is not None and now - self._forgot > FORGET_SECONDS:
                count = await self._threads.run(self._forget, self._days, seconds=WRITE_SECONDS)
                self._forgot = float("-inf") if count == FORGOTTEN else now
            if now - self._counted > COUNT_SECONDS:
                count = await self._threads.run(self.store.hourly.count, seconds=WRITE_SECONDS)
                # after an upgrade there are all the calls of before: a batch each time until they are done
                self._counted = float("-inf") if count == BATCH else now
            if now - self._indexed > COUNT_SECONDS:
                count = await self._threads.run(self.store.search.add, seconds=WRITE_SECONDS)
                self._indexed = float("-inf") if count == index.BATCH else now
        except (sa.exc.SQLAlchemyError, TimeoutError) as error:
            self._note_failure(error)

    def _touch(self) -> None:
        self.store.touch(self.owner)
        if owners := self._lapses.confirmed(self.store.lapsed()):
            closed = self.store.close_abandoned(owners)
            if closed:
                logger.warning("{} calls of a process that was killed were closed", len(closed))

    def _forget(self, days: float) -> int:
        return self.store.forget(self.store.now() - timedelta(days=days))
