"""The background tasks of a call: if one fails, the caller is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from agentrun.records import CallRecord
from agentrun.session import closing

MOST_WORDS = 300
"""Characters of an error that go into the record."""
GiveUp = Callable[[str], Awaitable[None]]
Handler = Callable[..., Awaitable[None]]


class CallTasks:
    """The tasks and event handlers of one call.

    If one raises, ``record.errors`` has ``internal_error: greeting failed: …``, and ``give_up`` is awaited
    with the reason. Pipecat would only log it and go on: a caller who was to be greeted would hear nothing,
    and a task that died would go unnoticed until the end of the call.
    """

    def __init__(self, record: CallRecord, give_up: GiveUp) -> None:
        self._record = record
        self._give_up = give_up
        self.running: list[asyncio.Task[None]] = []

    def begin(self, part: str, work: Awaitable[object]) -> asyncio.Task[None]:
        """Start ``work``, named ``part`` in errors; it runs until it is done or the call ends."""
        task = asyncio.create_task(self._do(part, work, self._give_up))
        self.running.append(task)
        return task

    def guarded(self, part: str, handler: Handler, instead: GiveUp | None = None) -> Handler:
        """Wrap the event handler ``handler``; if it fails, await ``instead``, by default ``give_up``."""

        async def handle(*event: Any) -> None:
            await self._do(part, handler(*event), instead or self._give_up)

        return handle

    async def end(self) -> None:
        """Cancel the tasks that are still running."""
        await closing.end(self.running)

    async def _do(self, part: str, work: Awaitable[object], failed: GiveUp) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, a caller is on the line
            reason = f"{part} failed: {type(error).__name__}: {error}"[:MOST_WORDS]
            self._record.errors.append(f"internal_error: {reason}")
            logger.opt(exception=error).error("call {}: {} failed", self._record.id, part)
            await failed(reason)
