"""What the agent does when the caller says nothing, and when the call has lasted long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import UserIdleTimeoutUpdateFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.spec.models.turns_and_limits import Idle, Limits

Say = Callable[[str], Awaitable[None]]
Farewell = Callable[[str, str], None]
"""Says the first text, then ends the call for the second one's reason."""


class IdlePrompts:
    """Asks a silent caller as often as the spec says, if it does, then hangs up or goes on."""

    def __init__(self, idle: Idle | None, say: Say, farewell: Farewell, worker: PipelineWorker) -> None:
        self._idle = idle
        self._say = say
        self._farewell = farewell
        self._worker = worker
        self._asked = 0
        self._paused = False

    async def pause(self, seconds: float) -> None:
        """Let the caller be silent for ``seconds``, until they have spoken."""
        if self._idle:
            self._paused = True
            await self._worker.queue_frame(UserIdleTimeoutUpdateFrame(max(seconds, self._idle.after)))

    async def caller_spoke(self) -> None:
        """Begin to count anew."""
        self._asked = 0
        await self._go_on()

    async def restart(self) -> None:
        """Count the caller's silence from now on, where it is being counted."""
        if self._idle:
            await self._worker.queue_frame(UserIdleTimeoutUpdateFrame(self._idle.after))

    async def caller_is_silent(self) -> None:
        """Called each time that the caller has been silent for ``idle.after``, or for the pause."""
        await self._go_on()
        if self._idle is None:
            return
        if self._asked < self._idle.times:
            self._asked += 1
            await self._say(self._idle.say)
        elif self._idle.then == "hang_up":
            self._farewell(self._idle.goodbye, "the caller said nothing")

    async def _go_on(self) -> None:
        if self._paused and self._idle:
            self._paused = False
            await self._worker.queue_frame(UserIdleTimeoutUpdateFrame(self._idle.after))


async def limit(limits: Limits, say: Say, farewell: Farewell) -> None:
    """Warn the caller before the longest duration, and end the call at it."""
    warn_at = max(0.0, limits.max_duration - limits.warn_before)
    await asyncio.sleep(warn_at)
    if limits.warn_before and warn_at:
        await say(limits.warning)
    await asyncio.sleep(limits.max_duration - warn_at)
    farewell(limits.goodbye, "the call reached its longest duration")
