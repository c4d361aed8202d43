"""A deadline that can be set, moved and cleared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class AttemptDeadline:
    """Calls ``on_expiry`` once, unless the deadline is cleared in time."""

    def __init__(self, on_expiry: Callable[[], None]) -> None:
        self._on_expiry = on_expiry
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Whether the deadline is set."""
        return self._timer is not None

    def set(self, seconds: float) -> None:
        """Expire ``seconds`` from now."""
        self.lift()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def lift(self) -> None:
        """Clear the deadline."""
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._on_expiry()
