"""Warns of plugin code that blocks its event loop."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from loguru import logger

from agentrun.tools.running.awaited_steps import awaited

T = TypeVar("T")


class TimedSteps(Generic[T]):
    """Awaits ``work``, and logs a warning when it has held the loop for ``most`` seconds.

    >>> await TimedSteps(book_table(call), "tool book_table", 1.0)  # doctest: +SKIP
    """

    def __init__(self, work: Coroutine[Any, Any, T], name: str, most: float) -> None:
        self._work, self._name, self._most = work, name, most
        self._began = 0.0

    def __await__(self) -> Generator[Any, Any, T]:
        return (yield from awaited(self._work, self._begin, self._end))

    def _begin(self) -> None:
        self._began = time.monotonic()

    def _end(self) -> None:
        seconds = time.monotonic() - self._began
        if seconds > self._most:
            logger.warning(
                "{} blocked for {:.1f} s: other async code of its plugin had to wait; write a plain def",
                self._name,
                seconds,
            )
