"""Says which work has held its event loop: between two of its awaits that wait, nothing else runs there."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from loguru import logger

T = TypeVar("T")


class TimedSteps(Generic[T]):
    """Awaits ``work``, and logs a warning when it has held the loop for ``most`` seconds.

    >>> await TimedSteps(book_table(call), "tool book_table", 1.0)  # doctest: +SKIP
    """

    def __init__(self, work: Coroutine[Any, Any, T], name: str, most: float) -> None:
        self._work, self._name, self._most = work, name, most

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            began = time.monotonic()
            try:
                waits_for = steps.throw(thrown) if thrown is not None else steps.send(sent)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._look(time.monotonic() - began)
            sent = thrown = None
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is handed on to the work
                thrown = error

    def _look(self, seconds: float) -> None:
        if seconds > self._most:
            logger.warning(
                "{} blocked for {:.1f} s: other async code of its plugin had to wait; write a plain def",
                self._name,
                seconds,
            )
