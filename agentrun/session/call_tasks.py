"""The background tasks of a call: if one fails, the caller is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from agentrun.records import CallRecord
from agentrun.session import closing

MOST_WORDS = 300
"""Characters of what was raised, in the record."""
GiveUp = Callable[[str], Awaitable[None]]
Handler = Callable[..., Awaitable[None]]


class CallTasks:
    """The tasks and event handlers of one call.

    What one of them raises stands in ``record.errors`` as ``internal_error: greeting failed: …``, and
    ``give_up`` is awaited with the reason. Pipecat would write it to the log and go on: a caller who was to
    be greeted would hear nothing, and a task that died would be missed at the end of the call.
    """

    def __init__(self, record: CallRecord, give_up: GiveUp) -> None:
        self._record = record
        self._give_up = give_up
        self.running: list[asyncio.Task[None]] = []

    def begin(self, part: str, work: Awaitable[object]) -> asyncio.Task[None]:
        """Do ``work``, called ``part`` in words, until it is done or the call ends."""
        task = asyncio.create_task(self._do(part, work, self._give_up))
        self.running.append(task)
        return task

    def guarded(self, part: str, handler: Handler, instead: GiveUp | None = None) -> Handler:
        """``handler`` for an event; ``instead`` is awaited in place of ``give_up`` when it fails."""

        async def handle(*event: Any) -> None:
            await self._do(part, handler(*event), instead or self._give_up)

        return handle

    async def end(self) -> None:
        """Stop whatever is still done."""
        await closing.end(self.running)

    async def _do(self, part: str, work: Awaitable[object], failed: GiveUp) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, a caller is on the line
            reason = f"{part} failed: {type(error).__name__}: {error}"[:MOST_WORDS]
            self._record.errors.append(f"internal_error: {reason}")
            logger.opt(exception=error).error("call {}: {} failed", self._record.id, part)
            await failed(reason)
