"""A guard against tools that hold the event loop, in which every other call of the process lives."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Generic, TypeVar

T = TypeVar("T")
BLOCKED_SECONDS = 1.0
"""How long an ``async def`` may go without an ``await`` that waits; a caller hears a stall above 0.2 s."""
_POLL_SECONDS = 0.1
_SIGNAL = getattr(signal, "SIGURG", None)
"""Ignored unless somebody handles it, so that a late one does no harm."""


class LoopBlockedError(BaseException):
    """Raised in a tool that holds the loop; its ``except Exception`` does not catch this."""

    def __init__(self) -> None:
        super().__init__(
            f"held the event loop for more than {BLOCKED_SECONDS:g} s; a tool that blocks is a plain def"
        )


class GuardedSteps(Generic[T]):
    """Awaits ``work``, and interrupts it where it holds the loop for longer than ``BLOCKED_SECONDS``.

    A signal to the main thread gets it out of ``time.sleep``, a socket or a loop of Python; what computes in
    a library without looking at signals can't be interrupted. In other threads, and where somebody else
    handles the signal, ``work`` is awaited as it is.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._began: float | None = None

    def __await__(self) -> Generator[Any, Any, T]:
        with self._watched():
            return (yield from self._steps())

    def _steps(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            self._began = time.monotonic()
            try:
                waits_for = steps.throw(thrown) if thrown is not None else steps.send(sent)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._began = None
            sent = thrown = None
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is handed on to the work
                thrown = error

    @contextmanager
    def _watched(self) -> Generator[None, None, None]:
        if not _can_interrupt():
            yield
            return
        over = threading.Event()
        main = threading.main_thread().ident
        threading.Thread(target=self._watch, args=(over, main), name="loop-guard", daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _watch(self, over: threading.Event, main: int) -> None:
        while not over.wait(_POLL_SECONDS):
            if self._is_overdue() and _SIGNAL is not None:
                signal.pthread_kill(main, _SIGNAL)

    def _is_overdue(self) -> bool:
        began = self._began
        return began is not None and time.monotonic() - began > BLOCKED_SECONDS


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
        if guard is not None and guard._is_overdue():
            raise LoopBlockedError
        frame = frame.f_back
