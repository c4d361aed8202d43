"""A virtual clock: an event loop that jumps to its next timer instead of waiting.

Sockets on loopback deliver at once, so when nothing is ready and no thread is at work, nothing will happen
before the next timer; the clock is moved there. A test of 30 seconds of silence takes milliseconds.

Work takes the processor time that it needs, in whichever thread, and not the time that a busy machine lets it
wait for a processor: a timeout of 15 s allows for as much work there as on an idle one.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

from agentrun.testing.thread_states import ThreadStates

T = TypeVar("T")
_Ready = list[tuple[selectors.SelectorKey, int]]
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
_LOOK_SECONDS = 0.005
"""How often threads at work are looked at."""
_COMPUTED_SECONDS = 0.00005
"""Who has computed for so long while the loop waited may just be waiting for Python's lock when looked at."""
_RESTLESS_SECONDS = 10.0
"""After so much work without a rest, as of a tool that was given up, no thread is waited for any more."""


class _Clock:
    """Seconds of work, of waiting for threads that wait themselves, and those that were skipped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = self._real = time.monotonic()
        self._work = time.process_time()

    def now(self) -> float:
        with self._lock:
            real, work = time.monotonic(), time.process_time()
            # threads that compute side by side do so in the same time
            self._seconds += max(0.0, min(real - self._real, work - self._work))
            self._real, self._work = real, work
            return self._seconds

    def skip_to(self, seconds: float) -> None:
        with self._lock:
            self._seconds = max(self._seconds, seconds)


class _Others:
    """What the threads beside the loop's are at."""

    def __init__(self) -> None:
        self._states = ThreadStates()
        self._before = 0.0
        self._restless = 0.0

    def close(self) -> None:
        self._states.close()

    def mark(self) -> None:
        """From here on their work is measured."""
        self._before = time.process_time() - time.thread_time()

    def are_at_work(self) -> bool:
        """Whether one of them has work, or had until a moment ago, which is not without an end."""
        used = time.process_time() - time.thread_time() - self._before
        if used < _COMPUTED_SECONDS and not self._states.others_at_work():
            self._restless = 0.0
            return False
        self._restless += used
        return self._restless < _RESTLESS_SECONDS


class _Selector(selectors.DefaultSelector):
    """Moves its ``clock`` instead of waiting."""

    busy = 0
    """How many calls are in threads of executors."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = _Clock()
        self._others = _Others()

    def close(self) -> None:
        self._others.close()
        super().close()

    def select(self, timeout: float | None = None) -> _Ready:
        if timeout is not None and timeout <= 0:
            return list(super().select(timeout))
        if timeout is None and not self.busy:
            return self._waited(None)
        due = self.clock.now() + (math.inf if timeout is None else timeout)
        ready = super().select(0) or self._settled(due)
        if not ready and due < math.inf:
            self.clock.skip_to(due)
        return list(ready)

    def _settled(self, due: float) -> _Ready:
        """What is ready before the moment that is ``due``, once no thread is at work that may change that."""
        self._others.mark()
        ready = [] if self.busy else self._paused(due - self.clock.now())
        while not ready and (left := due - self.clock.now()) > 0:
            at_work = self._others.are_at_work()
            self._others.mark()
            if at_work:
                ready = super().select(min(left, _LOOK_SECONDS))
            elif self.busy:
                ready = self._waited(min(left, _LOOK_SECONDS))
            else:
                return super().select(0)
        return ready

    def _paused(self, timeout: float) -> _Ready:
        shortest = _THREAD_SECONDS if _has_other_threads() else _SETTLE_SECONDS
        wait = min(timeout, max(shortest, min(timeout / _MOST_SPEED, _FAR_SECONDS)))
        if wait >= _THREAD_SECONDS:
            return super().select(wait)
        time.sleep(max(0.0, wait))  # shorter than what a selector can wait for
        return super().select(0)

    def _waited(self, timeout: float | None) -> _Ready:
        """What is ready within ``timeout``, which counts: what is waited for waits as well."""
        began, start = time.monotonic(), self.clock.now()
        ready = super().select(timeout)
        seconds = time.monotonic() - began
        # a process that was stopped in between has waited for no longer than it wanted to
        self.clock.skip_to(start + (seconds if timeout is None else min(seconds, timeout)))
        return ready


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
        """Seconds of work, of waiting, and skipped."""
        return self._jumping.clock.now()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """While a thread waits for something time is real."""
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
