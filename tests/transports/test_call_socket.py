"""A socket whose other end is gone before anybody has read that: no error, whoever has spoken or hung up."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pipecat.transports.websocket.fastapi import FastAPIWebsocketClient
from websockets.asyncio.client import connect

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.transports.call_socket import CallSocket
from agentrun.transports.page_socket import PageSocket
from agentrun.transports.twilio_socket import MediaStreamSocket
from tests.calls.desk import until
from tests.log_lines import log_lines


class Gone:
    """A socket whose other end is gone, which raises ``error`` whatever is done with it."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.tried = list[str]()

    async def send_text(self, _data: str) -> None:
        self.tried.append("text")
        raise self._error

    async def send_bytes(self, _data: bytes) -> None:
        self.tried.append("bytes")
        raise self._error

    async def close(self, _code: int, _reason: str | None) -> None:
        self.tried.append("close")
        raise self._error


@pytest.mark.parametrize("kind", [CallSocket, MediaStreamSocket, PageSocket])
@pytest.mark.parametrize("error", [WebSocketDisconnect(1006), RuntimeError("close")], ids=["gone", "closed"])
async def test_what_is_tried_with_an_end_that_is_gone_is_no_fault(
    kind: type[CallSocket], error: Exception
) -> None:
    wire = Gone(error)
    stream = kind(cast(WebSocket, wire))
    await stream.send_text("sound")
    await stream.send_bytes(b"sound")
    await stream.close()
    assert wire.tried == ["text", "bytes", "close"]
    assert stream.lost == "", "who receives learns why"


@pytest.mark.parametrize("kind", [CallSocket, MediaStreamSocket, PageSocket])
async def test_an_agent_that_hangs_up_as_its_caller_does_writes_no_error(kind: type[CallSocket]) -> None:
    """Pipecat sends to a socket whose end nobody has read yet, and closes it behind that."""
    app, ended = FastAPI(), asyncio.Event()

    async def call(websocket: WebSocket) -> None:
        await websocket.accept()
        pipecat = FastAPIWebsocketClient(cast(WebSocket, kind(websocket)), cast(Any, None))
        await pipecat.setup(cast(Any, None))
        await until(lambda: websocket.scope["extensions"]["test.is_closing"](), 10)
        await pipecat.send("sound")
        await pipecat.send("more sound")
        await pipecat.disconnect()
        ended.set()

    async def telling(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scope["extensions"]["test.is_closing"] = send.__self__.transport.is_closing
        await app(scope, receive, send)

    app.add_api_websocket_route("/", call)
    sock = bind("127.0.0.1", 0)
    with log_lines("WARNING") as lines:
        async with asyncio.timeout(30), serving(telling, sock):
            async with connect(f"ws://127.0.0.1:{sock.getsockname()[1]}/"):
                pass
            await ended.wait()
    assert lines == []
