"""Who is on the line: the call begins with the first caller and ends with the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipecat.transports.base_transport import BaseTransport


@dataclass(frozen=True)
class LineEvents:
    """Callbacks for callers joining and leaving."""

    came: Callable[[], Awaitable[None]]
    """The first caller has joined."""
    left: Callable[[float], Awaitable[None]]
    """The last caller has left, that many seconds ago."""
    away: Callable[[float], Awaitable[None]]
    """The last caller has left, and may come back within that many seconds."""
    back: Callable[[float], Awaitable[None]]
    """Somebody has come back, after that many seconds."""
    lost: Callable[[str], Awaitable[None]]
    """The line is lost, for that reason."""


class Callers:
    """Counts the callers of one call: a room may have several, a telephone line has one.

    After the last one has left, somebody may come back within ``grace`` seconds; ``begin`` starts the task
    that waits for that, with a name.
    """

    def __init__(
        self,
        transport: BaseTransport,
        line: LineEvents,
        begin: Callable[[str, Awaitable[object]], asyncio.Task[None]],
        grace: float = 0.0,
    ) -> None:
        self._transport = transport
        self._line = line
        self._begin = begin
        self._grace = grace
        self._anyone_came = False
        self._present: set[str] = set()
        self._waiting: asyncio.Task[None] | None = None
        self._since = 0.0
        self._is_over = False

    def listen(self, lost: Iterable[str] = (), hung_up: Iterable[str] = ()) -> None:
        """Listen to the transport's events.

        ``lost`` names those that mean that the line is gone, ``hung_up`` those of a caller who has hung up.
        """
        self._transport.add_event_handler("on_client_connected", self._connected)
        self._transport.add_event_handler("on_client_disconnected", self._disconnected)
        for event in lost:
            self._transport.add_event_handler(event, self._line_lost)
        for event in hung_up:
            self._transport.add_event_handler(event, self._hung_up)

    async def _connected(self, _transport: Any, client: Any) -> None:
        first, self._anyone_came = not self._anyone_came, True
        self._present.add(_id(client))
        waiting, self._waiting = self._waiting, None
        if first:
            await self._line.came()
        elif waiting:
            waiting.cancel()
            await self._line.back(_now() - self._since)

    async def _disconnected(self, _transport: Any, client: Any) -> None:
        self._present.discard(_id(client))
        if self._present or self._waiting:
            return
        if self._grace and self._anyone_came:
            self._since = _now()
            self._waiting = self._begin("the wait for the caller", self._wait())
            await self._line.away(self._grace)
        else:
            await self._left()

    async def _wait(self) -> None:
        await asyncio.sleep(self._grace)
        await self._left(self._grace)

    async def _hung_up(self, _transport: Any, _about: Any) -> None:
        await self._left()

    async def _left(self, ago: float = 0.0) -> None:
        if not self._is_over:
            self._is_over = True
            await self._line.left(ago)

    async def _line_lost(self, _transport: Any, reason: Any) -> None:
        await self._line.lost(str(reason))


def _now() -> float:
    return asyncio.get_running_loop().time()


def _id(client: Any) -> str:
    """The id of one of Daily's participants, which are dicts; other lines have only one caller."""
    return str(client["id"]) if isinstance(client, dict) else ""
