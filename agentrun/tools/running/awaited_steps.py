"""Runs a coroutine step by step, where a step is the code between two awaits that suspend."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def awaited(
    work: Coroutine[Any, Any, T], begin: Callable[[], None], end: Callable[[], None]
) -> Generator[Any, Any, T]:
    """What ``__await__`` of a wrapper yields from: ``work``'s result, or what it raises.

    ``begin`` is called before each step and ``end`` after it, however it ended.

    >>> async def answer():
    ...     return 42
    >>> class Counted:
    ...     def __await__(self):
    ...         return (yield from awaited(answer(), lambda: print("begins"), lambda: print("ends")))
    >>> async def ask():
    ...     return await Counted()
    >>> import asyncio
    >>> asyncio.run(ask())
    begins
    ends
    42
    """
    steps = work.__await__()
    sent: Any = None
    thrown: BaseException | None = None
    while True:
        begin()
        try:
            waits_for = steps.throw(thrown) if thrown is not None else steps.send(sent)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            end()
        sent = thrown = None
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001 - it is handed on to the work
            thrown = error
