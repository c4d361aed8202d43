"""WebSocket messages that are taken as they come: in their order, and the rest as ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect

from agentrun.http import prompt_messages
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving


class Page:
    """Notes which messages were taken, and which were received."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.received: list[str | bytes] = []
        self.reading = asyncio.Event()

    def take(self, text: str) -> bool:
        if not text.startswith("sound"):
            return False
        self.taken.append(text)
        return True

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        prompt_messages.listen(socket, self.take)
        await socket.send_text("go")
        await self.reading.wait()
        while (message := await socket.receive())["type"] == "websocket.receive":
            self.received.append(message.get("text") or message["bytes"])
            await socket.send_text("received")


@contextlib.asynccontextmanager
async def caller(page: Page) -> AsyncIterator[ClientConnection]:
    """Somebody who is connected to ``page``."""
    app = FastAPI()
    app.add_api_websocket_route("/", page.serve)
    sock = bind("127.0.0.1", 0)
    async with (
        asyncio.timeout(20),
        serving(app, sock),
        connect(f"ws://127.0.0.1:{sock.getsockname()[1]}/", compression=None) as client,
    ):
        assert await client.recv() == "go"
        yield client


async def test_what_is_taken_wakes_nobody_and_the_rest_is_received() -> None:
    page = Page()
    page.reading.set()
    async with caller(page) as client:
        for number in range(200):
            await client.send(f"sound {number}")
        await client.send("stop")
        assert await client.recv() == "received"
        assert page.taken == [f"sound {number}" for number in range(200)]
        assert page.received == ["stop"]


async def test_what_comes_behind_a_message_that_waits_keeps_its_place() -> None:
    page = Page()
    async with caller(page) as client:
        for message in ("key 1", "sound 1", "key 2", "sound 2"):
            await client.send(message)
        pong = await client.ping()
        page.reading.set()
        for _ in range(4):
            assert await client.recv() == "received"
        await pong
        assert page.taken == []
        assert page.received == ["key 1", "sound 1", "key 2", "sound 2"]
        await client.send("sound 3")
        await client.send("key 3")
        assert await client.recv() == "received"
        assert (page.taken, page.received[4:]) == (["sound 3"], ["key 3"])


async def test_bytes_and_messages_in_several_frames_arrive() -> None:
    page = Page()
    page.reading.set()
    async with caller(page) as client:
        await client.send(b"sound in bytes")
        assert await client.recv() == "received"
        await client.send(iter(["sound ", "in ", "parts"]))
        await client.send("end")
        assert await client.recv() == "received"
        assert (page.taken, page.received) == (["sound in parts"], [b"sound in bytes", "end"])


async def test_text_that_is_none_closes_the_connection_as_ever() -> None:
    page = Page()
    page.reading.set()
    async with caller(page) as client:
        client.protocol.send_text(b"\xff\xfe")
        client.send_data()
        await client.wait_closed()
        assert client.close_code == 1007


def test_another_server_s_socket_is_left_as_it_is() -> None:
    page = Page()
    page.reading.set()
    app = FastAPI()
    app.add_api_websocket_route("/", page.serve)
    with TestClient(app) as client, client.websocket_connect("/") as socket:
        assert socket.receive_text() == "go"
        for text in ("sound 1", "more"):
            socket.send_text(text)
            assert socket.receive_text() == "received"
    assert (page.taken, page.received) == ([], ["sound 1", "more"])


@pytest.mark.parametrize("name", ["handle_connect", "send_receive_event_to_app"])
def test_uvicorn_has_the_methods_that_are_overridden(name: str) -> None:
    assert callable(getattr(WebSocketsSansIOProtocol, name))
