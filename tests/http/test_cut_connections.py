"""Requests whose connection is cut in the middle."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.testclient import TestClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agentrun.http import cut_connections
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving


def application(seen: list[bool]) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def page(request: Request) -> str:
        seen.append(cut_connections.cut(request))
        return "never arrives"

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        seen.append(cut_connections.cut(websocket))

    return app


async def test_a_request_and_a_socket_can_be_cut_off() -> None:
    seen: list[bool] = []
    sock = bind("127.0.0.1", 0)
    address = f"127.0.0.1:{sock.getsockname()[1]}"
    async with serving(application(seen), sock), httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"http://{address}/")
        async with connect(f"ws://{address}/socket") as peer:
            with pytest.raises(ConnectionClosed) as end:
                await peer.recv()
        assert end.value.rcvd is None, "no close frame was sent"
    assert seen == [True, True]


def test_another_server_says_that_it_cannot() -> None:
    seen: list[bool] = []
    with TestClient(application(seen)) as client:
        assert client.get("/").text == '"never arrives"'
    assert seen == [False]
