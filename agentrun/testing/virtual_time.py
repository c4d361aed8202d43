"""A clock that jumps: an event loop that waits for nobody when only its own timers are due.

Sockets on loopback deliver at once, so when nothing is ready and no thread is at work, nothing will happen
before the next timer; the clock is moved there. A test of 30 seconds of silence takes milliseconds.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")
_SETTLE_SECONDS = 0.001
"""What is waited for in real time before a jump: the kernel's loopback needs microseconds."""


class _Selector(selectors.DefaultSelector):
    """Moves ``ahead`` instead of waiting."""

    ahead = 0.0
    busy = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self.busy:
            return list(super().select(timeout))
        ready = super().select(min(timeout, _SETTLE_SECONDS))
        if not ready and not self.busy and timeout > _SETTLE_SECONDS:
            self.ahead += timeout - _SETTLE_SECONDS
        return list(ready)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The clock of ``loop.time()``, of every sleep and every timeout; ``time.monotonic()`` stays real."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds, real and skipped."""
        return time.monotonic() + self._jumping.ahead

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """While a thread is at work time is real."""
        self._jumping.busy += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._idle)
        return future

    def _idle(self, _future: asyncio.Future[Any]) -> None:
        self._jumping.busy -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` on a clock that jumps."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
