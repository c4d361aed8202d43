"""Contains the tasks that plugin code starts: one that exits doesn't end the server.

asyncio raises a SystemExit or a KeyboardInterrupt of any task through its loop, whoever awaits that task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

_authored: ContextVar[bool] = ContextVar("agentrun_authored", default=False)
T = TypeVar("T")


class TaskExitedError(RuntimeError):
    """A task of a tool or a hook exited; nobody but whoever awaits it is told."""


@contextmanager
def contained() -> Iterator[None]:
    """Have the tasks that are started in this block, and those that they start, never exit the process.

    A SystemExit or KeyboardInterrupt of theirs becomes a TaskExitedError for whoever awaits them. Tasks of
    others are made as they always were.
    """
    _install(asyncio.get_running_loop())
    token = _authored.set(True)
    try:
        yield
    finally:
        _authored.reset(token)


def _install(loop: asyncio.AbstractEventLoop) -> None:
    """Have ``loop`` make tasks through us, once, and as it did before."""
    before: Any = loop.get_task_factory()
    if getattr(before, "contains", False):
        return

    def make(on: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:
        guarded = _Contained(work) if _authored.get() and asyncio.iscoroutine(work) else work
        return before(on, guarded, **options) if before else asyncio.Task(guarded, loop=on, **options)

    make.contains = True  # type: ignore[attr-defined]
    loop.set_task_factory(make)


async def alone(work: Awaitable[T]) -> T:
    """Await ``work``, an author's; an exit of it is a TaskExitedError."""
    with contained():
        try:
            return await work
        except (SystemExit, KeyboardInterrupt) as error:
            raise _exit_error(error) from error


class _Contained(Coroutine[Any, Any, Any]):
    """``work``, as it is but for an exit; never begun, it is closed as ``work`` itself would be."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self.__name__ = getattr(work, "__name__", type(work).__name__)
        self.__qualname__ = getattr(work, "__qualname__", self.__name__)

    def send(self, value: Any) -> Any:
        try:
            return self._work.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise _exit_error(error) from error

    def throw(self, *error: Any) -> Any:
        try:
            return self._work.throw(*error)
        except (SystemExit, KeyboardInterrupt) as exit_:
            raise _exit_error(exit_) from exit_

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._work.__await__())


def _exit_error(error: BaseException) -> TaskExitedError:
    return TaskExitedError(f"a task of its own raised {type(error).__name__}({error})")
