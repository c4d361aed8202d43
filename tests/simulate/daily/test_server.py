"""The mock of Daily's REST API, asked by Pipecat's own client and by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from pipecat.transports.daily.utils import (
    DailyRESTHelper,
    DailyRoomObject,
    DailyRoomParams,
    DailyRoomProperties,
    DailyRoomSipParams,
)

from agentrun.simulate.daily import DailyServer
from agentrun.simulate.faults import Fault


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[DailyServer]:
    async with DailyServer("rosa", clock) as found:
        yield found


@pytest.fixture
async def client(server: DailyServer) -> AsyncIterator[DailyRESTHelper]:
    async with aiohttp.ClientSession() as session:
        yield DailyRESTHelper(
            daily_api_key=server.api_key, daily_api_url=server.api_url, aiohttp_session=session
        )


async def ask(
    server: DailyServer, method: str, path: str, body: Any = None, key: str | None = None
) -> httpx.Response:
    """A request as another client would make it."""
    headers = {"Authorization": f"Bearer {server.api_key if key is None else key}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.request(method, f"{server.api_url}{path}", json=body, headers=headers)


async def make(client: DailyRESTHelper, name: str = "desk", **properties: Any) -> DailyRoomObject:
    """A room, made by Pipecat's client."""
    return await client.create_room(DailyRoomParams(name=name, properties=DailyRoomProperties(**properties)))


async def test_pipecats_client_makes_finds_and_deletes_a_room(
    server: DailyServer, client: DailyRESTHelper
) -> None:
    room = await make(client, max_participants=2)
    assert (room.url, room.config.max_participants) == ("https://rosa.daily.co/desk", 2)
    assert (await client.get_room_from_url(room.url)).id == room.id
    assert await client.delete_room_by_url(room.url)
    assert server.rooms == {}
    assert (await ask(server, "GET", "/rooms/desk")).status_code == 404
    assert (await ask(server, "DELETE", "/rooms/desk")).json()["error"] == "not-found"


async def test_a_room_for_telephones_has_a_sip_address(client: DailyRESTHelper) -> None:
    assert (await make(client, sip=DailyRoomSipParams())).config.sip_endpoint.startswith("sip:")
    assert (await make(client, "other")).config.sip_endpoint == ""


async def test_a_token_says_what_was_asked_for(server: DailyServer, client: DailyRESTHelper) -> None:
    room = await make(client)
    token = await client.get_token(room.url, 60, owner=False)
    said = server.tokens[token].properties
    assert (said["room_name"], said["is_owner"]) == ("desk", False)


async def test_a_room_is_forgotten_when_it_expires(
    server: DailyServer, client: DailyRESTHelper, clock: Clock
) -> None:
    room = await make(client, exp=clock.now + 60)
    clock.now += 59
    assert await client.get_token(room.url)
    clock.now += 2
    assert (await ask(server, "GET", "/rooms/desk")).status_code == 404
    assert (await make(client)).name == "desk", "the name is free again"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/rooms", {"name": "a b"}, "illegal"),
        ("/rooms", {"name": "taken"}, "already exists"),
        ("/rooms", {"privacy": "secret"}, "privacy"),
        ("/rooms", {"properties": {"colour": 1}}, "unknown parameter 'colour'"),
        ("/rooms", {"properties": {"exp": 1}}, "in the past"),
        ("/rooms", [], "not a JSON object"),
        ("/meeting-tokens", {"properties": {"room_name": "nowhere"}}, "nowhere not found"),
        ("/dialin/pinlessCallUpdate", {"callId": "c", "callDomain": "d"}, "sipUri"),
    ],
)
async def test_what_can_not_be_is_refused_with_a_reason(
    server: DailyServer, client: DailyRESTHelper, path: str, body: Any, words: str
) -> None:
    await make(client, "taken")
    answer = await ask(server, "POST", path, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid-request-error")
    assert words in answer.json()["info"]


async def test_a_telephone_call_is_put_through(server: DailyServer) -> None:
    told = {"callId": "c", "callDomain": "d", "sipUri": "sip:x"}
    assert (await ask(server, "POST", "/dialin/pinlessCallUpdate", told)).status_code == 200
    assert server.requests[-1].body == told


async def test_who_asks_must_have_the_key(server: DailyServer) -> None:
    answer = await ask(server, "POST", "/rooms", {}, key="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "authentication-error")
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{server.api_url}/rooms", json={})
    assert (answer.status_code, answer.json()["error"]) == (400, "authorization-header-error")
    assert server.rooms == {}


async def test_a_fault_strikes_as_often_as_asked(server: DailyServer) -> None:
    server.faults["POST rooms"] = Fault("status", 503, times=1)
    assert (await ask(server, "POST", "/rooms", {})).status_code == 503
    assert (await ask(server, "POST", "/rooms", {})).status_code == 200
    assert [request.status for request in server.requests] == [503, 200]


async def test_a_fault_may_never_answer(server: DailyServer) -> None:
    server.faults["POST rooms"] = Fault("hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(server, "POST", "/rooms", {}), 0.5)
    assert server.requests[-1].status == 0
