"""Threads for one ``def`` tool, so that a blocking tool delays only itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST_THREADS = 16
"""Calls of one tool that run at once; later ones wait for a thread, within the tool's timeout."""
LINGER_SECONDS = 2.0
"""How long a thread waits for more: whoever starts one waits until it runs, 5 ms on a busy processor, and
records are written twice a second."""


class NoThreadError(RuntimeError):
    """The machine gives this process no further thread at the moment; the work has not begun."""


class Threads(Executor):
    """Runs functions in daemon threads, each of which ends when nothing has come for ``LINGER_SECONDS``.

    The standard library's pool is joined when the process ends: one tool that never returns would keep
    the server from stopping. A function past its timeout can't be stopped; its thread is left behind, and
    counts until it returns. What is given up while it waits for a thread is held on to no longer.
    """

    def __init__(self, name: str, most: int = MOST_THREADS) -> None:
        self._name = name
        self._most = most
        self._running = self._idle = 0
        self._waiting: deque[partial[None]] = deque()
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn`` in a thread, as soon as one is free.

        Where no thread can be started it waits for one of those that run; where none does, the future has a
        NoThreadError.
        """
        future: Future[T] = Future()
        job = partial(_fulfil, future, partial(fn, *args, **kwargs))
        future.add_done_callback(self._forget)
        with self._lock:
            self._waiting.append(job)
            if len(self._waiting) <= self._idle:
                self._more.notify()
                return future
            if self._running == self._most:
                return future
            self._running += 1
        try:
            threading.Thread(target=self._work, name=f"tool-{self._name}", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            self._not_started(job, future, error)
        return future

    def _not_started(self, job: partial[None], future: Future[T], error: Exception) -> None:
        with self._lock:
            self._running -= 1
            if self._running or job not in self._waiting:
                return
            self._waiting.remove(job)
        if future.set_running_or_notify_cancel():
            future.set_exception(NoThreadError(f"no thread can be started: {error}"))

    def _forget(self, future: Future[Any]) -> None:
        if future.cancelled():
            with self._lock:
                self._waiting = deque(job for job in self._waiting if job.args[0] is not future)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
                is_more = self._more.wait_for(lambda: bool(self._waiting), LINGER_SECONDS)
                self._idle -= 1
                if not is_more:
                    self._running -= 1
                    return
                job = self._waiting.popleft()
            job()
            # what was done is nobody's any more while the thread waits
            del job


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except StopIteration as error:
        # asyncio refuses to carry a StopIteration, and whoever awaits it would wait for ever
        raised = RuntimeError(f"raised StopIteration: {error}")
        raised.__cause__ = error
        future.set_exception(raised)
    except BaseException as error:  # noqa: BLE001 - it is carried to whoever awaits the result
        future.set_exception(error)
    else:
        future.set_result(result)
