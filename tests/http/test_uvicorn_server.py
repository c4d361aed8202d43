"""What every server of this project has in common."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import connect

from agentrun.errors import SetupError
from agentrun.http import uvicorn_server
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving


async def test_a_client_that_would_compress_is_not_joined_in_it() -> None:
    app = FastAPI()

    @app.websocket("/")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    sock = bind("127.0.0.1", 0)
    url = f"ws://127.0.0.1:{sock.getsockname()[1]}/"
    async with serving(app, sock), connect(url, compression="deflate") as client:
        await client.send("hello " * 100)
        assert await client.recv() == "hello " * 100
        assert client.protocol.extensions == []


async def test_a_server_leaves_at_once_however_seldom_it_looks_at_its_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvicorn_server, "_TICK_SECONDS", 3600.0)
    sock = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    async with asyncio.timeout(20):
        async with serving(FastAPI(), sock) as server, httpx.AsyncClient(trust_env=False) as client:
            assert "date" in (await client.get(url)).headers
        assert server.should_exit


async def test_a_port_that_another_server_took_meanwhile_is_named() -> None:
    first = bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = bind("127.0.0.1", port)
    async with serving(FastAPI(), first):
        with pytest.raises(SetupError, match=f"port {port} of 127.0.0.1 is in use"):
            async with serving(FastAPI(), second):
                pass


async def test_what_connects_once_it_listens_no_more_is_another_servers() -> None:
    """As two processes have one socket of systemd's: nothing that has connected is lost."""
    shared = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{shared.getsockname()[1]}/"
    old, new = FastAPI(), FastAPI()
    for app in (old, new):
        app.get("/")(lambda name="old" if app is old else "new": name)
    async with (
        serving(old, shared.dup()) as server,
        httpx.AsyncClient(trust_env=False) as early,
        httpx.AsyncClient(trust_env=False) as late,
    ):
        assert (await early.get(url)).text == '"old"'
        server.stop_listening()
        waiting = asyncio.create_task(late.get(url))
        kept = await early.get(url)
        assert (kept.text, kept.headers["connection"]) == ('"old"', "close"), "it had connected before"
        async with serving(new, shared):
            answer = await waiting
            assert (answer.text, answer.headers.get("connection")) == ('"new"', None)
            assert (await early.get(url)).text == '"new"'


async def test_a_connection_that_nobody_asks_on_ends_with_the_listening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a proxy's, which would have a call refused on it long after."""
    monkeypatch.setattr(uvicorn_server, "_IDLE_SECONDS", 0.0)
    app, sock = FastAPI(), bind("127.0.0.1", 0)
    app.get("/")(lambda: "old")
    async with serving(app, sock) as server:
        reader, writer = await asyncio.open_connection(*sock.getsockname()[:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"connection: close" not in (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(len(b'"old"'))
        server.stop_listening()
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()


async def test_a_stream_goes_on_where_nobody_listens_any_more() -> None:
    app = FastAPI()

    @app.websocket("/")
    async def echo(stream: WebSocket) -> None:
        await stream.accept()
        while True:
            await stream.send_text(await stream.receive_text())

    sock = bind("127.0.0.1", 0)
    url = f"ws://127.0.0.1:{sock.getsockname()[1]}/"
    async with serving(app, sock) as server, connect(url) as client:
        server.stop_listening()
        for word in ("one", "two"):
            await client.send(word)
            assert await client.recv() == word
