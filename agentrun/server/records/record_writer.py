"""Writes the records of calls while they go on, so that little is lost with the process."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from loguru import logger

from agentrun.records import CallRecord
from agentrun.records.store.store import Store

PERIOD_SECONDS = 0.5
"""Between two writes: what a killed process loses at most, with the time of a write."""
TOUCH_SECONDS = 5.0
ABANDONED_SECONDS = 20.0
"""A call of which its server has said nothing for so long is closed by another one."""
FORGET_SECONDS = 3600.0


class RecordWriter:
    """Keeps the records of one process in a store; ``days`` is how long ended calls stay, None for ever.

    ``webhooks`` gives the agents whose ended records are sent on.
    """

    def __init__(
        self, store: Store, days: float | None = None, webhooks: Callable[[], Collection[str]] = tuple
    ) -> None:
        self.store = store
        self._days = days
        self._webhooks = webhooks
        self._enders: list[Callable[[], None]] = []
        self._owner = secrets.token_hex(8)
        self._open: dict[tuple[str, str], tuple[CallRecord, dict[str, Any]]] = {}
        self._touched = self._forgot = float("-inf")
        self._failing = False

    def watch(self, record: CallRecord) -> None:
        """Write ``record`` from now on, until it has ended."""
        self._open[record.agent, record.id] = (record, {})

    def on_end(self, watcher: Callable[[], None]) -> None:
        """Have ``watcher`` called when ended calls have been written."""
        self._enders.append(watcher)

    async def run(self) -> None:
        """Write what has changed, over and over, until it is cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(PERIOD_SECONDS)

    async def close(self) -> None:
        """Write what is left, and let go of the store."""
        await self.write()
        await asyncio.to_thread(self.store.close)

    async def write(self) -> None:
        """Write what has changed since the last time; what can't be written is tried again."""
        found = {key: record.as_json() for key, (record, _) in self._open.items()}
        changed = [row for key, row in found.items() if row != self._open[key][1]]
        try:
            await asyncio.to_thread(self._put, changed, self._webhooks())
        except sa.exc.SQLAlchemyError as error:
            if not self._failing:
                logger.error("records can't be written: {}", getattr(error, "orig", None) or type(error))
            self._failing = True
            return
        self._failing = False
        for key, row in found.items():
            record, _ = self._open[key]
            self._open[key] = (record, row)
            if row["ended"] and record.as_json() == row:
                del self._open[key]
        if any(row["ended"] for row in changed):
            for watcher in self._enders:
                watcher()

    def _put(self, rows: list[dict[str, Any]], webhooks: Collection[str]) -> None:
        self.store.save(rows, self._owner, webhooks)
        now = time.monotonic()
        if now - self._touched > TOUCH_SECONDS:
            self._touched = now
            self.store.touch(self._owner)
            if closed := self.store.close_abandoned(ABANDONED_SECONDS):
                logger.warning("{} calls of a process that was killed were closed", closed)
        if self._days is not None and now - self._forgot > FORGET_SECONDS:
            self._forgot = now
            self.store.forget(datetime.now(UTC) - timedelta(days=self._days))
