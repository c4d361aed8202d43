"""A timer whose deadline moves, and which tolerates a process that was suspended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LATE_SECONDS = 0.25
_CATCH_UP_SECONDS = 1.0


class DeadlineTimer:
    """Calls ``on_due`` with the time, in the loop's seconds, when the moment has come that ``due`` gives.

    Where this process stood still until long after it, what has come meanwhile is read first.
    """

    def __init__(self, due: Callable[[], float | None], on_due: Callable[[float], None]) -> None:
        self._due, self._on_due = due, on_due
        self._was_late = False
        self._armed = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """The moment may have moved: it is asked for anew, and there may be none."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._was_late = False
        due = self._due()
        if due is not None:
            loop = asyncio.get_running_loop()
            self._armed = loop.time()
            self._timer = loop.call_at(due, self._expire)

    def _expire(self) -> None:
        loop, due = asyncio.get_running_loop(), self._due()
        now = loop.time()
        if due is not None and now - max(due, self._armed) > _LATE_SECONDS and not self._was_late:
            self._was_late = True
            self._timer = loop.call_later(min(now - due, _CATCH_UP_SECONDS), self._expire)
            return
        self._on_due(max(now, due or 0.0))
