"""Nobody waits in silence: a deadline on every answer that is owed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Patience:
    """Runs ``on_expiry`` when an owed answer has not begun within ``seconds``.

    The session says when an answer is owed, and when it has begun or is no longer expected. While a tool
    runs, its own timeout counts.
    """

    def __init__(self, seconds: float, on_expiry: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._on_expiry = on_expiry
        self._timer: asyncio.Task[None] | None = None
        self._tools = 0

    def owed(self) -> None:
        """An answer is due from now on."""
        self.settled()
        if not self._tools:
            self._timer = asyncio.create_task(self._wait())

    def settled(self) -> None:
        """The answer has begun, or is no longer expected."""
        if self._timer and self._timer is not asyncio.current_task():
            self._timer.cancel()
        self._timer = None

    def again(self) -> None:
        """Somebody else owes the answer now, if one is due."""
        if self._timer:
            self.owed()

    def tool_started(self) -> None:
        """A tool is at work."""
        self._tools += 1
        self.settled()

    def tool_ended(self) -> None:
        """A tool is done: the model owes an answer."""
        self._tools = max(0, self._tools - 1)
        self.owed()

    async def _wait(self) -> None:
        await asyncio.sleep(self._seconds)
        self._timer = None
        await self._on_expiry()
