"""Interrupts tools that block the event loop, which all calls of the process share."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Generic, TypeVar

from agentrun.tools.running import collection_time
from agentrun.tools.running.awaited_steps import awaited

T = TypeVar("T")
BLOCKED_SECONDS = 1.0
"""How long an ``async def`` may go without an ``await`` that waits; a caller hears a stall above 0.2 s."""
BLOCKED_AGAIN_SECONDS = 0.25
"""The same for a tool that had to be interrupted before: of the next time nobody hears more than 0.1 s."""
_LOOK_SECONDS = 0.02
_STARVED_SECONDS = 0.05
"""A watch that wakes up so much too late says that the machine is busy, and not that the tool blocks."""
_SIGNAL = getattr(signal, "SIGURG", None)
"""Ignored unless somebody handles it, so that a late one does no harm."""


class LoopBlockedError(BaseException):
    """Raised in a tool that holds the loop; its ``except Exception`` does not catch this."""

    def __init__(self, seconds: float = BLOCKED_SECONDS) -> None:
        super().__init__(
            f"held the event loop for more than {seconds:g} s; a tool that blocks is a plain def"
        )


class LoopAllowance:
    """How long one tool may hold the loop: less from the first time on that it had to be interrupted."""

    def __init__(self) -> None:
        self._interrupted = False

    @property
    def seconds(self) -> float:
        """Without an ``await`` that waits."""
        return min(BLOCKED_SECONDS, BLOCKED_AGAIN_SECONDS) if self._interrupted else BLOCKED_SECONDS

    def interrupted(self) -> None:
        """It held the loop for too long."""
        self._interrupted = True


class GuardedSteps(Generic[T]):
    """Awaits ``work``, and interrupts it where it holds the loop for longer than ``allowance`` says.

    A signal to the main thread gets it out of ``time.sleep``, a socket or a loop of Python; what computes in
    a library without looking at signals can't be interrupted. In other threads, and where somebody else
    handles the signal, ``work`` is awaited as it is.
    """

    def __init__(self, work: Coroutine[Any, Any, T], allowance: LoopAllowance | None = None) -> None:
        self._work = work
        self._allowance = allowance or LoopAllowance()
        self._due: float | None = None
        """When the step under way has held the loop for too long."""
        self._allowed = self._allowance.seconds
        self._forgiven = (0.0, 0.0)
        self._collections = collection_time.watched()
        self._collected = 0.0
        """What collections had taken when the step began."""

    def __await__(self) -> Generator[Any, Any, T]:
        with self._watched():
            return (yield from self._steps())

    def _steps(self) -> Generator[Any, Any, T]:
        return (yield from awaited(self._work, self._begin, self._end))

    def _begin(self) -> None:
        self._allowed = self._allowance.seconds
        self._collected = self._collections.seconds
        self._due = time.monotonic() + self._allowed

    def _end(self) -> None:
        self._due = None

    @contextmanager
    def _watched(self) -> Generator[None, None, None]:
        if not _can_interrupt():
            yield
            return
        over = threading.Event()
        main = threading.main_thread().ident
        # where the machine gives no thread, it runs unwatched
        with suppress(RuntimeError, MemoryError):
            threading.Thread(target=self._watch, args=(over, main), name="loop-guard", daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _watch(self, over: threading.Event, main: int) -> None:
        seconds = self._allowance.seconds
        while True:
            start = time.monotonic()
            if over.wait(seconds):
                return
            self._forgive(time.monotonic() - start - seconds)
            seconds = self._look(main)

    def _look(self, main: int) -> float:
        """Interrupt a step that is overdue; gives the seconds until the next look."""
        due, now = self._due, time.monotonic()
        if due is None:
            return self._allowance.seconds
        if not self.is_overdue():
            return max(due + self._late_for(due) - now, _LOOK_SECONDS)
        self._allowance.interrupted()
        if _SIGNAL is not None:
            signal.pthread_kill(main, _SIGNAL)
        return _LOOK_SECONDS

    def _forgive(self, late: float) -> None:
        """The watch had no turn for so long either: that is the machine's, and not the tool's."""
        due = self._due
        if due is not None and late > _STARVED_SECONDS:
            self._forgiven = due, self._starved_for(due) + late

    def _late_for(self, due: float) -> float:
        return self._starved_for(due) + self._collections.seconds - self._collected

    def _starved_for(self, due: float) -> float:
        return self._forgiven[1] if self._forgiven[0] == due else 0.0

    def is_overdue(self) -> bool:
        """Whether the step under way has held the loop for too long."""
        due = self._due
        return due is not None and time.monotonic() > due + self._late_for(due)

    def error(self) -> LoopBlockedError:
        """What is raised in it then."""
        return LoopBlockedError(self._allowed)


def _can_interrupt() -> bool:
    """Whether this is the main thread and the signal is ours or nobody's."""
    if _SIGNAL is None or threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(_SIGNAL) in (signal.SIG_DFL, signal.SIG_IGN):
        signal.signal(_SIGNAL, _interrupt)
    return signal.getsignal(_SIGNAL) is _interrupt


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """In the main thread: raise where a step that is overdue still runs, and nowhere else."""
    while frame is not None:
        guard = frame.f_locals.get("self") if frame.f_code is GuardedSteps._steps.__code__ else None
        if guard is not None and guard.is_overdue():
            raise guard.error()
        frame = frame.f_back
