"""Measures whether something is late so often that calls suffer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 6.0
RECOVERY_SECONDS = 5.0
"""How long it must be on time before it counts as recovered."""
LEAST_TIMES = 4
_LATE_SHARE = 0.3
_WELL_SHARE = 0.1


class Lateness:
    """Follows one thing that is now and then late.

    It is late once at least ``LEAST_TIMES`` of the looks in the window, and three in ten, were over ``limit``
    seconds: a single spike, however long, is none. It is well again when of the looks of the last
    ``RECOVERY_SECONDS`` nine in ten were within half of it, so that it does not go to and fro.

    >>> seconds = iter(range(100))
    >>> loop = Lateness(0.05, lambda: next(seconds))
    >>> for late in (3.0, 0.0, 0.0):
    ...     loop.note(late)
    >>> loop.is_late
    False
    """

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self.is_late = False
        self._limit = limit
        self._clock = clock
        self._since = 0.0
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, late: float) -> None:
        """A look found it ``late`` seconds behind."""
        now = self._clock()
        self._seen.append((now, late))
        while self._seen[0][0] < now - WINDOW_SECONDS:
            self._seen.popleft()
        if self.is_late:
            recent = [each for at, each in self._seen if at > now - RECOVERY_SECONDS]
            slow = sum(each > self._limit / 2 for each in recent)
            self.is_late = slow > len(recent) * _WELL_SHARE or now - self._since < RECOVERY_SECONDS
            return
        slow = sum(each > self._limit for _, each in self._seen)
        enough = slow >= LEAST_TIMES and now - self._seen[0][0] >= WINDOW_SECONDS / 2
        if enough and slow >= len(self._seen) * _LATE_SHARE:
            self.is_late, self._since = True, now
