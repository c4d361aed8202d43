"""Nobody waits in silence: a deadline on every answer that is owed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class ResponseDeadline:
    """Runs ``on_expiry`` when an owed answer has not begun within ``seconds``.

    The session says when an answer is owed, and when it has begun or is no longer expected. While a tool
    runs, its own timeout counts. While the agent speaks, nobody waits in silence: what is owed by then, such
    as the answer to a tool's result, is due once it has stopped.
    """

    def __init__(self, seconds: float, on_expiry: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._on_expiry = on_expiry
        self._timer: asyncio.Task[None] | None = None
        self._tools = 0
        self._speaking = False
        self._owed = False
        self._promised = 0
        self._caller = False

    def owed(self) -> None:
        """An answer is due from now on."""
        self.settled()
        self._caller = False
        if self._speaking:
            self._owed = True
        elif not self._tools:
            self._timer = asyncio.create_task(self._wait())

    def settled(self) -> None:
        """The answer has begun, or is no longer expected."""
        if self._timer and self._timer is not asyncio.current_task():
            self._timer.cancel()
        self._timer = None
        self._owed = False

    def words_promised(self) -> None:
        """The next words are a tool's, and not the answer."""
        self._promised += 1

    def note(self, *, speaking: bool) -> None:
        """The agent's first or last sound: the answer has begun, unless these are a tool's words."""
        self._speaking = speaking
        if speaking:
            still_owed = self._promised > 0 and self._timer is not None
            self._promised = max(0, self._promised - 1)
            self.settled()
            self._owed = still_owed
            self._caller = False
        elif self._owed:
            self.owed()

    def caller_speaks(self) -> None:
        """The caller's turn has begun: they wait for nothing, and for no tool that works on beside it."""
        self._promised = self._tools = 0
        self._caller = True
        self.settled()

    def again(self) -> None:
        """Somebody else owes the answer now, if one is due."""
        if self._timer:
            self.owed()

    def tool_started(self) -> None:
        """A tool is at work."""
        self._tools += 1
        self.settled()

    def tool_ended(self, *, answered: bool = True) -> None:
        """A tool is done: the model owes an answer, unless the tool was given up."""
        self._tools = max(0, self._tools - 1)
        if answered and not self._caller:
            self.owed()

    async def _wait(self) -> None:
        await asyncio.sleep(self._seconds)
        self._timer = None
        await self._on_expiry()
