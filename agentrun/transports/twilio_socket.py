"""A media stream's WebSocket, which knows whether the caller hung up or the line was lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import WebSocket

from agentrun.http import cut_connections, prompt_messages
from agentrun.transports.broken_lines import why_lost
from agentrun.transports.call_socket import CallSocket

SILENT_SECONDS = 15.0
"""Twilio sends fifty messages a second, in silence too: a line without any for so long is gone."""
SEND_SECONDS = 5.0
"""How long a message may wait for a peer that takes nothing: nobody hears the agent meanwhile."""
_DISCONNECT = {"type": "websocket.disconnect"}


class MediaStreamSocket(CallSocket):
    """The WebSocket of a call over Twilio.

    Twilio's ``stop`` is the end, whether it closes the connection behind it or not: ``receive`` gives a
    disconnect, and ``hung_up`` is true. ``lost`` says why the line was lost, and is empty for a caller who
    hung up.
    """

    def __init__(self, websocket: WebSocket) -> None:
        super().__init__(websocket)
        self._heard_at = 0.0
        self._is_received = False
        self._receiving: asyncio.Timeout | None = None
        self.hung_up = False

    def listen(self, taker: Callable[[str], bool]) -> None:
        """Ask ``taker`` about each message as it comes, once a transport has begun to receive.

        ``receive`` gives those that it does not take.
        """

        def take(text: str) -> bool:
            if not self._is_received or not taker(text):
                return False
            self._heard_at = asyncio.get_running_loop().time()
            return True

        prompt_messages.listen(self._websocket, take)

    async def receive(self) -> dict[str, Any]:
        """The next message, or a disconnect."""
        message = await self._received()
        if message is None:
            nothing = f"the line was lost: nothing came from Twilio for {SILENT_SECONDS:g} s"
            self.lost = self.lost or nothing
            return {**_DISCONNECT, "code": 1006}
        if message["type"] == "websocket.disconnect":
            self.lost = self.lost or why_lost(message)
        elif _is_stop(message):
            self.hung_up = True
            return {**_DISCONNECT, "code": 1000}
        return dict(message)

    async def _received(self) -> Any:
        """The next message, or None when none has come for too long."""
        self._is_received = True
        clock = asyncio.get_running_loop().time
        latest = clock() + SILENT_SECONDS
        while not self.lost:
            try:
                async with asyncio.timeout_at(latest) as self._receiving:
                    return await self._websocket.receive()
            except TimeoutError:
                if self._heard_at + SILENT_SECONDS <= latest:
                    return None
            finally:
                self._receiving = None
            latest = self._heard_at + SILENT_SECONDS
        return None

    async def send_text(self, data: str) -> None:
        """Send a message; to a peer that takes none any more the line is lost."""
        if self.lost:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await super().send_text(data)
        except TimeoutError:
            self.lost = f"the line was lost: Twilio took nothing for {SEND_SECONDS:g} s"
            if not cut_connections.cut(self._websocket) and self._receiving:
                self._receiving.reschedule(asyncio.get_running_loop().time())

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection, unless Twilio does so at this moment; break it off where that takes long."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await super().close(code, reason)
        except TimeoutError:
            cut_connections.cut(self._websocket)


def _is_stop(message: dict[str, Any]) -> bool:
    text = message.get("text") or ""
    if '"stop"' not in text:
        return False
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(event, dict) and event.get("event") == "stop"
