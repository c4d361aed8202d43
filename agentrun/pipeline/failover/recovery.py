"""Remembers which services failed, and when each may be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline import pipecat_private

COOL_DOWN_SECONDS = 30.0
"""How long a failed service is left alone; doubled each time it fails again."""
LONGEST_SECONDS = 300.0
ONE_FAILURE_SECONDS = 0.5
"""Errors closer together count as one: Pipecat reports a lost connection twice within milliseconds."""

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class ServiceRecovery:
    """Leaves a failed service alone for a while, and reconnects it if it has a connection."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._waiting: dict[FrameProcessor, asyncio.Task[None]] = {}
        self._failures: dict[FrameProcessor, int] = {}
        self._errors: dict[FrameProcessor, int] = {}
        self._told_at = -ONE_FAILURE_SECONDS

    def awaits(self, service: FrameProcessor) -> bool:
        """Whether ``service`` is still left alone."""
        return service in self._waiting

    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """The reconnections under way."""
        return tuple(self._waiting.values())

    def works(self, service: FrameProcessor) -> None:
        """``service`` has done its work, so its next failure counts as the first."""
        self._failures.pop(service, None)

    def failed(self, service: FrameProcessor) -> None:
        """``service`` reports an error while it is left alone."""
        self._errors[service] = self._errors.get(service, 0) + 1

    def is_news(self) -> bool:
        """Whether the last failure that nobody took over was told longer ago than a moment."""
        before, self._told_at = self._told_at, asyncio.get_running_loop().time()
        return self._told_at - before >= ONE_FAILURE_SECONDS

    def asked_anew(self) -> None:
        """Errors from now on are a new failure, however soon they come."""
        self._told_at = -ONE_FAILURE_SECONDS

    def begin(self, service: FrameProcessor) -> None:
        """Leave ``service`` alone from now on."""
        self._failures[service] = self._failures.get(service, 0) + 1
        if service not in self._waiting:
            self._waiting[service] = self._start(self._recover(service))

    async def stop(self, service: FrameProcessor) -> None:
        """``service`` is needed now, so don't leave it alone any longer."""
        task = self._waiting.pop(service, None)
        if task:
            task.cancel()
            await asyncio.wait({task})

    async def _recover(self, service: FrameProcessor) -> None:
        connected = False
        while not connected:
            doubled = 2 ** (self._failures.get(service, 1) - 1)
            await asyncio.sleep(min(COOL_DOWN_SECONDS * doubled, LONGEST_SECONDS))
            errors = self._errors.get(service, 0)
            await service.set_usable(True)
            await pipecat_private.reconnect(service)
            connected = self._errors.get(service, 0) == errors
            if not connected:
                self._failures[service] = self._failures.get(service, 0) + 1
        del self._waiting[service]
