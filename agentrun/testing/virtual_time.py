"""A clock that jumps: an event loop that waits for nobody when only its own timers are due.

Sockets on loopback deliver at once, so when nothing is ready and no thread is at work, nothing will happen
before the next timer; the clock is moved there. A test of 30 seconds of silence takes milliseconds.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")
_SETTLE_SECONDS = 0.0001
"""What is waited for in real time before a jump: the kernel's loopback needs microseconds."""
_MOST_SPEED = 1_000
_FAR_SECONDS = 0.05
"""On a busy machine it needs longer: a jump waits for a thousandth of its length, and at most for this. The
minute that a peer has for its answer is not over within a moment."""
_THREAD_SECONDS = 0.001
"""What is waited for where a thread may be about to answer, which is not one of the loop's own."""
_OWN_THREADS = "asyncio_"
"""How asyncio names the threads of its own executor; who waits for those is counted."""


class _Selector(selectors.DefaultSelector):
    """Moves ``ahead`` instead of waiting."""

    ahead = 0.0
    busy = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self.busy:
            return list(super().select(timeout))
        began = time.monotonic()
        ready = super().select(0) or self._settled(timeout)
        if not ready and not self.busy:
            self.ahead += max(0.0, timeout - (time.monotonic() - began))
        return list(ready)

    def _settled(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        shortest = _THREAD_SECONDS if _has_other_threads() else _SETTLE_SECONDS
        wait = min(timeout, max(shortest, min(timeout / _MOST_SPEED, _FAR_SECONDS)))
        if wait >= _THREAD_SECONDS:
            return super().select(wait)
        time.sleep(wait)  # shorter than what a selector can wait for
        return super().select(0)


def _has_other_threads() -> bool:
    main = threading.main_thread()
    return any(
        thread is not main and not thread.name.startswith(_OWN_THREADS) for thread in threading.enumerate()
    )


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The clock of ``loop.time()``, of every sleep and every timeout; ``time.monotonic()`` stays real."""

    clock_jumps = True
    """Plugins' code stays in this loop: another one would not jump with it."""

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

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 - asyncio's own
        """The threads end in real time, so no ``timeout`` of this clock is held against them."""
        await super().shutdown_default_executor()

    def _idle(self, _future: asyncio.Future[Any]) -> None:
        self._jumping.busy -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` on a clock that jumps."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
