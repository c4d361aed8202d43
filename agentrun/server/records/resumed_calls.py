"""Takes over calls that other processes have lost, without blocking the event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records import CallRecord, resumption
from agentrun.records.resumption import Resumption
from agentrun.records.store.resuming import ResumedRow, ResumingTable
from agentrun.records.store.threads import StoreThreads

STORE_SECONDS = 6.0
"""How long the store is waited for: a caller hears nothing meanwhile, and is hung up on without an answer."""
T = TypeVar("T")


class Taking:
    """Takes a call in a thread: one that is got after nobody waits for it any more is let go again.

    It would be up for ever otherwise, for the server that is its own lives.
    """

    def __init__(self, table: ResumingTable, agent: str, call_id: str, owner: str, times: int) -> None:
        self._table = table
        self._about = agent, call_id
        self._how = owner, times
        self._settled = threading.Lock()
        self._row: ResumedRow | None = None

    def take(self) -> None:
        """Blocks; raises what the store raises."""
        row = self._table.take(*self._about, *self._how)
        self._row = row
        if row and not self._settled.acquire(blocking=False):
            self._table.let_go(*self._about, row.key)

    def settle(self) -> ResumedRow | None:
        """The call, where it was got by now; what is got later is let go."""
        return None if self._settled.acquire(blocking=False) else self._row


class ResumedCalls:
    """Calls of a store, for the server that writes there as ``owner``.

    A store that can't be asked is a line in the log, and an answer as for a call that can't be resumed.
    """

    def __init__(self, table: ResumingTable, owner: str) -> None:
        self._table = table
        self._owner = owner
        self._threads = StoreThreads("resuming", most=2)

    async def times(self, agent: str, call_id: str) -> int | None:
        """How often a call was resumed before; None for one that is over, or that nobody knows."""
        return await self._ask(None, self._table.times, agent, call_id)

    async def take(self, agent: str, call_id: str, times: int) -> Resumption | None:
        """The call, which is this server's from now on; None where another one has it, or it is over."""
        taking = Taking(self._table, agent, call_id, self._owner, times)
        try:
            await self._ask(None, taking.take)
        finally:
            row = taking.settle()
        return resumption.read(row.record, row.snapshot, row.key, row.age) if row else None

    async def is_elsewhere(self, record: CallRecord) -> bool:
        """Whether another process, or another stream, goes on with the call of ``record``."""
        return await self._ask(False, self._table.is_elsewhere, record.agent, record.id, record.key)

    async def has_others(self) -> bool:
        """Whether another server is there at the moment that may go on with this one's calls."""
        return await self._ask(False, self._table.has_others, self._owner)

    async def _ask(self, otherwise: T, question: Callable[..., T], *about: object) -> T:
        try:
            return await self._threads.run(question, *about, seconds=STORE_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            logger.warning("the store could not be asked about resumed calls: {}", type(error).__name__)
            return otherwise
