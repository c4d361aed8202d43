"""Watches a realtime service that manages its connections itself."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from loguru import logger

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.error_words import LOOK

POLL_SECONDS = 0.2
GONE_SECONDS = 2.5
"""How long a service that connects anew by itself may have no connection."""
LEFT_SECONDS = 10.0
"""So long before the announced end of a connection another one no longer waits for a pause."""


class Quiet(Protocol):
    """Says whether neither side is speaking, no answer is waited for, and no tool is at work.

    Where it is ``urgent``, who speaks does not count.
    """

    def __call__(self, *, urgent: bool) -> bool: ...


class RealtimeEnd:
    """Watches a realtime service that is not connected anew from here, until it is cancelled.

    ``give_up`` is told once that the connection has ended, unless the service itself has another within
    ``GONE_SECONDS``; that and why is told to ``back``. Until there was one, the answer that is owed is waited
    for as any other. A connection that is announced to end is followed by another one where it is ``quiet``.
    """

    def __init__(
        self,
        llm: Any,
        name: str,
        give_up: Callable[[str], Awaitable[None]],
        is_over: Callable[[], bool],
        back: Callable[[str], Awaitable[None]] | None = None,
        quiet: Quiet | None = None,
    ) -> None:
        self._llm, self._name = llm, name
        self._give_up, self._is_over, self._back = give_up, is_over, back
        self._quiet = quiet

    async def watch(self) -> None:
        """Poll the service."""
        clock = asyncio.get_running_loop().time
        last_there = math.inf
        while clock() - last_there < GONE_SECONDS or last_there == math.inf:
            await asyncio.sleep(POLL_SECONDS)
            if self._is_over():
                return
            if not pipecat_private.realtime_is_deaf(self._llm):
                last_there = clock()
            if self._back and (why := pipecat_private.realtime_why_restored(self._llm)):
                await self._back(f"realtime_lost: {self._name} went silent: {why}")
            if self._may_go_on(pipecat_private.realtime_ends_at(self._llm) - clock()):
                logger.info("going on over another connection before this one is ended")
                await pipecat_private.realtime_go_on(self._llm)
        await self._give_up(f"realtime_lost: the connection of {self._name} ended; {LOOK}")

    def _may_go_on(self, seconds_left: float) -> bool:
        """Whether nothing is lost with the connection, or little, where few seconds are left."""
        if self._quiet is None or seconds_left == math.inf:
            return False
        urgent = seconds_left <= LEFT_SECONDS
        return self._quiet(urgent=urgent) and (urgent or pipecat_private.realtime_is_resumable(self._llm))
