"""Closing a stream whose other side is gone already says nothing and raises nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from agentrun.server.twilio import stream_handshake


class Gone:
    """A socket whose other side has gone without a word."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.codes: list[int] = []

    async def close(self, code: int) -> None:
        self.codes.append(code)
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("closed"), WebSocketDisconnect(1006), ConnectionResetError()])
async def test_a_refused_stream_that_is_gone_raises_nothing(error: Exception) -> None:
    socket: Any = Gone(error)
    await stream_handshake._close(socket, 1008)
    assert socket.codes == [1008]
