"""A WebSocket that carries a call, and whose other end may be gone before anybody has read that it is."""

from __future__ import annotations

import contextlib
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

_GONE = (WebSocketDisconnect, RuntimeError)
"""What Starlette and uvicorn raise for a connection that the other end has closed, or that has failed."""


class CallSocket:
    """A WebSocket of FastAPI, as a transport of Pipecat uses it; the rest of it is the socket's own.

    To an end that is gone nothing is sent, and it is not closed again: that it is gone is for who receives to
    learn, and no fault of who has just spoken or hung up.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.lost = ""
        """Why the line was lost; empty where it was not, or was closed on purpose."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._websocket, name)

    async def send_text(self, data: str) -> None:
        """Send a message."""
        with contextlib.suppress(*_GONE):
            await self._websocket.send_text(data)

    async def send_bytes(self, data: bytes) -> None:
        """Send a message of bytes."""
        with contextlib.suppress(*_GONE):
            await self._websocket.send_bytes(data)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection."""
        with contextlib.suppress(*_GONE):
            await self._websocket.close(code, reason)
