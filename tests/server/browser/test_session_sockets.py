"""A page without WebRTC: its session's call over a WebSocket, once, at whichever process it comes to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.server.admission.admission import Refusal
from agentrun.server.browser import routes
from tests.calls.desk import until
from tests.server.browser.board import Board
from tests.server.forwarding.sides import KEY, Side, pair, side

HEADERS = {"authorization": f"Bearer {KEY}"}
START = {"agentName": "desk", "transport": "websocket", "body": {"user": "u_1"}}


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Side]:
    async with side("1-a", tmp_path) as found:
        yield found


async def start(at: Side, **headers: str) -> str:
    """The address that a start gives."""
    answer = await at.client.post("/start", json=START, headers={**HEADERS, **headers})
    assert answer.status_code == 200
    found: str = answer.json()["wsUrl"]
    return found


@contextlib.asynccontextmanager
async def opened(app: FastAPI, address: str, **headers: str) -> AsyncIterator[ClientConnection]:
    """The socket at ``address``, asked of ``app``."""
    with contextlib.closing(bind("127.0.0.1", 0)) as sock:
        async with serving(app, sock):
            port = sock.getsockname()[1]
            url = f"ws://127.0.0.1:{port}{urlsplit(address).path}"
            async with connect(url, additional_headers=headers, proxy=None) as socket:
                yield socket


async def refused(app: FastAPI, address: str, **headers: str) -> int:
    """The status with which a socket is refused."""
    with pytest.raises(InvalidStatus) as caught:
        async with opened(app, address, **headers):
            pass
    return caught.value.response.status_code


async def up(board: Board) -> None:
    await until(lambda: bool(board.answered), 10)


async def test_a_session_is_one_call_that_knows_its_user(one: Side) -> None:
    address = await start(one)
    assert address.startswith("ws://voice.example.com/sessions/")
    async with opened(one.app, address):
        await up(one.board)
        (connection,) = one.board.answered
        assert connection.call.parameters == {"user": "u_1"}
        assert (connection.sample_rate_in, connection.sample_rate_out) == (16_000, 24_000)
        assert connection.rtvi
        assert await refused(one.app, address) == 404
        one.board.calls[0].set_result(None)
    assert len(one.board.answered) == 1


async def test_behind_tls_the_address_has_it_too(one: Side) -> None:
    assert (await start(one, **{"x-forwarded-proto": "https"})).startswith("wss://voice.example.com/")


@pytest.mark.parametrize(
    ("public_url", "begins"),
    [
        ("https://voice.example.org", "wss://voice.example.org/sessions/"),
        ("https://example.org:8443/voice", "wss://example.org:8443/voice/sessions/"),
        ("http://voice.example.org", "ws://voice.example.org/sessions/"),
    ],
)
async def test_the_address_is_below_the_public_one_whatever_a_proxy_makes_of_the_host(
    one: Side, public_url: str, begins: str
) -> None:
    one.board.plans["desk"].public_url = public_url
    address = await start(one, host="127.0.0.1:7860")
    assert address.startswith(begins)
    assert address.endswith("/ws")


async def test_a_page_of_this_machine_that_shows_no_key_stays_on_it() -> None:
    """Nobody else is let in without one, and from outside its socket would not be either."""
    board, app = Board(), FastAPI()
    board.plans["desk"].public_url = "https://voice.example.org"
    app.include_router(routes.router(board))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as client:
        answer = await client.post("/start", json=START)
    assert answer.json()["wsUrl"].startswith("ws://127.0.0.1:7860/sessions/")


@pytest.mark.parametrize("name", ["", "none", "x" * 3000])
async def test_an_unknown_session_opens_nothing(one: Side, name: str) -> None:
    assert await refused(one.app, f"ws://localhost/sessions/{name}/ws") in (403, 404)


async def test_a_page_of_another_site_opens_nothing(one: Side) -> None:
    address = await start(one)
    assert await refused(one.app, address, origin="https://elsewhere.example.com") == 403
    assert one.board.answered == []


async def test_who_is_not_let_in_may_come_again(one: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    address = await start(one)

    async def full(*_: object) -> Refusal:
        return Refusal("busy", "every line is taken", 30.0)

    with monkeypatch.context() as patch:
        patch.setattr(one.board.admission, "ask", full)
        assert await refused(one.app, address) == 503
    async with opened(one.app, address):
        await up(one.board)
        one.board.calls[0].set_result(None)


async def test_a_call_that_can_not_start_closes_the_socket_and_frees_its_place(one: Side) -> None:
    one.board.broken = True
    async with opened(one.app, await start(one)) as socket:
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (1011, "the agent could not be started")
    assert one.board.admission.expected == 0


async def test_a_session_of_another_process_is_held_where_its_socket_is(tmp_path: Path) -> None:
    async with pair(tmp_path) as (first, second):
        address = await start(first)
        async with opened(second.app, address):
            await up(second.board)
            assert second.board.answered[0].call.parameters == {"user": "u_1"}
            assert await refused(first.app, address) == 404
            second.board.calls[0].set_result(None)
        assert first.board.answered == []


async def test_another_transport_is_named(one: Side) -> None:
    answer = await one.client.post("/start", json={**START, "transport": "moq"}, headers=HEADERS)
    assert (answer.status_code, "websocket" in answer.json()["detail"]) == (400, True)
