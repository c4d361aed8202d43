"""Who is on the line: the call begins with the first caller and ends with the last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pipecat.transports.base_transport import BaseTransport


class Callers:
    """Counts the callers of one call: a room may have several, a telephone line has one.

    ``came`` is awaited for the first caller, ``left`` when the last one has gone, ``lost`` with a reason
    when nobody can be reached any more.
    """

    def __init__(
        self,
        transport: BaseTransport,
        came: Callable[[], Awaitable[None]],
        left: Callable[[], Awaitable[None]],
        lost: Callable[[str], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self._came = came
        self._left = left
        self._lost = lost
        self._anyone_came = False
        self._present: set[str] = set()

    def listen(self, lost: Iterable[str] = ()) -> None:
        """Follow the transport's events; ``lost`` names those that mean that the line is gone."""
        self._transport.add_event_handler("on_client_connected", self._connected)
        self._transport.add_event_handler("on_client_disconnected", self._disconnected)
        for event in lost:
            self._transport.add_event_handler(event, self._line_lost)

    async def _connected(self, _transport: Any, client: Any) -> None:
        first, self._anyone_came = not self._anyone_came, True
        self._present.add(_id(client))
        if first:
            await self._came()

    async def _disconnected(self, _transport: Any, client: Any) -> None:
        self._present.discard(_id(client))
        if not self._present:
            await self._left()

    async def _line_lost(self, _transport: Any, reason: Any) -> None:
        await self._lost(str(reason))


def _id(client: Any) -> str:
    """Daily's participants are dicts with an id; other lines have one caller, who is no dict."""
    return str(client["id"]) if isinstance(client, dict) else ""
