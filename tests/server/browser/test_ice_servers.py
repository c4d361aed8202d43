"""Calls from browsers that are not in this machine's network: STUN, and TURN with its credentials."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from fastapi import FastAPI
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from agentrun.cli.options import environment
from agentrun.errors import SetupError
from agentrun.server.browser import ice_servers, routes
from agentrun.server.browser.ice_servers import LIFETIME_SECONDS, IceServers
from tests.server.browser.board import Board, offer

STUN, TURN, TURNS = "stun:stun.example.com:3478", "turn:192.0.2.1?transport=udp", "turns:[2001:db8::1]:443"
OPEN = {"AGENTRUN_TURN_USERNAME": "me", "AGENTRUN_TURN_PASSWORD": "s3cret"}
SERVERS = ice_servers.read([STUN, TURN, "stuns:stun.example.com"], OPEN)


@pytest.fixture
async def client(board: Board, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes.router(board, ice_servers=SERVERS))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        yield client


@pytest.mark.parametrize("url", [STUN, TURN, TURNS, "stun:a", "turns:a.b:5349?transport=tcp"])
def test_addresses_of_servers_are_read(url: str) -> None:
    assert ice_servers.read([url], OPEN).urls == (url,)


@pytest.mark.parametrize(
    "url",
    ["", "stun", "stun:", "http://a", "stun://a", "turn:a:0", "turn:a:65536", "turn:a?transport=sctp",
     "stun:a?transport=udp", "turn:me:s3cret@a", "turn:a b", "STUN:a", "turn:a:x"],
)  # fmt: skip
def test_what_is_no_address_is_told_without_a_password(url: str) -> None:
    with pytest.raises(SetupError, match="not an address of a STUN or TURN server") as refused:
        ice_servers.read([url], OPEN)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("environ", [{}, {"AGENTRUN_TURN_USERNAME": "me"}, {"AGENTRUN_TURN_PASSWORD": "x"}])
def test_a_turn_server_that_nothing_opens_is_told_at_the_start(environ: Mapping[str, str]) -> None:
    with pytest.raises(SetupError, match="no credentials for it"):
        ice_servers.read([TURN], environ)
    assert ice_servers.read([STUN], environ).as_json() == [{"urls": [STUN]}]
    assert ice_servers.read([], environ).as_json() == []


def test_a_secret_makes_credentials_that_end() -> None:
    servers = IceServers((TURN,), secret="shared", clock=lambda: 1000.5)
    [one] = servers.as_json()
    assert one["username"] == f"{1000 + LIFETIME_SECONDS}:agentrun"
    digest = hmac.digest(b"shared", one["username"].encode(), "sha1")
    assert one["credential"] == base64.b64encode(digest).decode()
    assert "shared" not in repr(servers)


def test_the_variables_are_known_and_their_values_are_in_no_repr() -> None:
    names = dict.fromkeys(
        [*OPEN, ice_servers.SECRET, "AGENTRUN_ICE_SERVER", "AGENTRUN_API_KEY_SECONDARY"], "x"
    )
    assert list(environment.unknown(names)) == []
    assert "s3cret" not in repr(SERVERS)


async def test_a_call_has_the_servers_and_so_has_the_page_that_asks_for_a_session(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SmallWebRTCConnection] = []

    async def initialize(connection: SmallWebRTCConnection, sdp: str, type: str) -> None:  # noqa: A002
        made.append(connection)
        raise ValueError("no network here")

    session = (await client.post("/start", json={})).json()
    turn = {"urls": [TURN], "username": "me", "credential": "s3cret"}
    assert session["iceConfig"]["iceServers"] == [{"urls": [STUN, "stuns:stun.example.com"]}, turn]
    monkeypatch.setattr(SmallWebRTCConnection, "initialize", initialize)
    await client.post("/desk/browser/offer", json=await offer())
    [stun, relay] = made[0].ice_servers
    assert (stun.urls, relay.urls) == ([STUN], [TURN]), "aiortc knows no stuns:"
    assert (relay.username, relay.credential) == ("me", "s3cret")


async def test_without_servers_a_session_names_none(board: Board) -> None:
    app = FastAPI()
    app.include_router(routes.router(board))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        assert (await client.post("/start", json={})).json().keys() == {"sessionId"}
