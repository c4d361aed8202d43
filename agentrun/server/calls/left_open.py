"""Calls whose stream was lost: each is resumed, or closed after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from loguru import logger

from agentrun.records import CallRecord, cost
from agentrun.session import Session

if TYPE_CHECKING:
    from agentrun.server.records.resumed_calls import ResumedCalls

WAIT_SECONDS = 15.0
"""How long somebody has to go on with a call: Twilio gives a webhook so long."""
FLUSH_SECONDS = 2.0
_CLOSING_SECONDS = 5.0


class LeftOpenCalls:
    """Waits for each call that was left open; ``gone`` are told of the record of each that goes on elsewhere.

    ``resumed`` knows which do, and takes up those of other servers; it is None where no store is.
    """

    def __init__(self, *gone: Callable[[CallRecord], None], seconds: float = WAIT_SECONDS) -> None:
        self.seconds = seconds
        self.resumed: ResumedCalls | None = None
        self._gone = gone
        self._waiting: set[asyncio.Task[None]] = set()
        self.ringing: set[asyncio.Task[None]] = set()
        """Those of transferred calls whose callers may come back."""

    def leave(self, record: CallRecord, over: Callable[[], None], rings_for: float = 0.0) -> None:
        """Have ``over`` called in a while, the record closed, if nobody has gone on with the call by then.

        One that ``rings_for`` so many seconds elsewhere was transferred, and comes back if nobody answers.
        """
        task = asyncio.create_task(self._wait(record, over, rings_for), name=f"left open {record.id}")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        if rings_for:
            self.ringing.add(task)
            task.add_done_callback(self.ringing.discard)

    async def hand_on(self, sessions: Iterable[Session]) -> None:
        """Leave the calls that may go on elsewhere to whoever Twilio asks next, where somebody is there."""
        if self.resumed is None or not await self.resumed.has_others():
            return
        calls = [session for session in sessions if session.record.snapshot]
        # what was said until now is there before somebody asks for it
        flushes = [asyncio.ensure_future(session.record.flush()) for session in calls if session.record.flush]
        if flushes:
            await asyncio.wait(flushes, timeout=FLUSH_SECONDS)
        for session in calls:
            session.leave_open("the server is stopping")

    async def close(self) -> None:
        """The process ends: what nobody has gone on with by now is for the other servers to close.

        What was transferred is over.
        """
        for task in list(self._waiting):
            task.cancel()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=_CLOSING_SECONDS)

    async def _wait(self, record: CallRecord, over: Callable[[], None], rings_for: float) -> None:
        try:
            await asyncio.sleep(rings_for + self.seconds)
        except asyncio.CancelledError:
            if not rings_for:
                raise
        if self.resumed and await self.resumed.is_elsewhere(record):
            for forget in self._gone:
                forget(record)
            return
        if not rings_for:
            logger.bind(call=record.id, agent=record.agent).warning("nobody went on with call {}", record.id)
        record.snapshot = None
        cost.close(record)
        over()
