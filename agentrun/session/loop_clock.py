"""A Pipecat clock that follows the event loop's time."""

from __future__ import annotations

import asyncio

from pipecat.clocks.base_clock import BaseClock


class LoopClock(BaseClock):
    """Counts from the start of a pipeline, on the clock that its sleeps go by.

    Pipecat's own counts real time: on a clock that jumps, words that a voice has timed come later and later.
    """

    def __init__(self) -> None:
        self._began: float | None = None

    def start(self) -> None:
        """Count from now on."""
        self._began = asyncio.get_running_loop().time()

    def get_time(self) -> int:
        """Nanoseconds since the start; 0 before it."""
        if self._began is None:
            return 0
        return int((asyncio.get_running_loop().time() - self._began) * 1e9)
