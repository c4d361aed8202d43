"""A browser whose network changes negotiates again, and stays on its call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from agentrun.server.auth import api_key, start_tokens
from agentrun.server.auth.call_access import Access
from agentrun.server.browser import routes, sessions
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.state import SharedState
from tests.server.browser.board import Board, offer

OFFER = "/desk/browser/offer"
KEY = "the-servers-own-key"


@pytest.fixture
async def client(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    """Of a server that takes its key and start tokens alone."""
    environ = {"AGENTRUN_API_KEY": KEY}
    tokens = start_tokens.StartTokens(KEY, use=SharedState().use)
    settings = ServerSettings("0.0.0.0", Access.CLOSED, environ, start_tokens=tokens)  # noqa: S104
    start, origin = api_key.require_start(settings), api_key.require_origin(settings)
    app = FastAPI()
    app.include_router(routes.router(board, start, None, origin))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        yield client


def bearer(value: str) -> dict[str, str]:
    return {"authorization": f"Bearer {value}"}


async def again(client: httpx.AsyncClient, name: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    """Another offer of a browser that knows its connection by ``name``."""
    body = {**await offer(), "pc_id": name, "restart_pc": True, **more}
    return await client.post(OFFER, json=body, headers=headers)


async def test_a_start_token_begins_one_call_and_reconnects_that_one(
    client: httpx.AsyncClient, board: Board
) -> None:
    token = bearer(start_tokens.make(KEY, "desk"))
    first = (await client.post(OFFER, json=await offer(), headers=token)).json()
    second = await again(client, first["pc_id"], token)
    assert second.status_code == 200
    assert second.json()["type"] == "answer"
    assert len(board.answered) == 1
    assert (await client.post(OFFER, json=await offer(), headers=token)).status_code == 401
    assert len(board.answered) == 1


async def test_a_token_that_expired_meanwhile_still_reconnects_its_own_call(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = bearer(start_tokens.make(KEY, "desk", seconds=2))
    first = (await client.post(OFFER, json=await offer(), headers=token)).json()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert (await again(client, first["pc_id"], token)).status_code == 200
    late = {"pc_id": first["pc_id"], "candidates": []}
    assert (await client.patch(OFFER, json=late, headers=token)).status_code == 200


async def test_the_name_before_the_last_restart_is_still_known(
    client: httpx.AsyncClient, board: Board
) -> None:
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    await again(client, first["pc_id"], bearer(KEY))
    assert (await again(client, first["pc_id"], bearer(KEY))).status_code == 200
    assert len(board.answered) == 1


async def test_nobody_else_takes_over_a_call(client: httpx.AsyncClient, board: Board) -> None:
    token = bearer(start_tokens.make(KEY, "desk"))
    first = (await client.post(OFFER, json=await offer(), headers=token)).json()
    other = bearer(start_tokens.make(KEY, "desk"))
    assert (await again(client, first["pc_id"], other)).status_code == 410
    late = {"pc_id": first["pc_id"], "candidates": []}
    assert (await client.patch(OFFER, json=late, headers=other)).status_code == 404
    assert len(board.answered) == 1


async def test_a_call_that_is_over_is_not_begun_anew_by_a_reconnection(
    client: httpx.AsyncClient, board: Board
) -> None:
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    board.calls[0].set_result(None)
    over = await again(client, first["pc_id"], bearer(KEY))
    assert (over.status_code, "this call is over" in over.json()["detail"]) == (410, True)
    assert len(board.answered) == 1


async def test_an_offer_that_cannot_be_read_leaves_the_call_as_it_is(
    client: httpx.AsyncClient, board: Board
) -> None:
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    broken = await again(client, first["pc_id"], bearer(KEY), sdp="v=0\r\nm=audio 9 UDP/TLS 0\r\na=rtpmap:x")
    assert broken.status_code == 400
    assert (await again(client, first["pc_id"], bearer(KEY))).status_code == 200
    assert len(board.answered) == 1


async def test_what_the_page_says_of_its_user_reaches_the_call(
    client: httpx.AsyncClient, board: Board
) -> None:
    said = {"user": "u_1", "age": 7, "vip": True, "cart": [1], "gone": None}
    body = {**await offer(), "requestData": said}
    assert (await client.post(OFFER, json=body, headers=bearer(KEY))).status_code == 200
    assert board.answered[0].call.parameters == {"user": "u_1", "age": "7", "vip": "True", "cart": "[1]"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("me", "is a mapping"),
        ([1], "is a mapping"),
        ({str(n): "x" for n in range(101)}, "at most 100 entries"),
        ({"x" * 129: "x"}, "1 to 128 characters"),
        ({"": "x"}, "1 to 128 characters"),
        ({"a": "ü" * 9000}, "at most 16 KiB"),
        ({"a": [float("inf")]}, "is not JSON"),
    ],
)
async def test_what_a_page_says_is_bounded(
    client: httpx.AsyncClient, board: Board, said: Any, why: str
) -> None:
    body = json.dumps({**await offer(), "requestData": said})
    refused = await client.post(OFFER, content=body, headers=bearer(KEY))
    assert (refused.status_code, why in refused.json()["detail"]) == (400, True)
    assert not board.answered
    assert board.admission.expected == 0


async def start(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post("/start", json=body, headers=headers)


async def test_a_start_gives_a_session_that_begins_one_call_with_its_body(
    client: httpx.AsyncClient, board: Board
) -> None:
    token = bearer(start_tokens.make(KEY, "desk"))
    session = (await start(client, token, transport="webrtc", body={"user": "u_1"})).json()["sessionId"]
    url = f"/sessions/{session}/api/offer"
    first = (await client.post(url, json=await offer())).json()
    assert board.answered[0].call.parameters == {"user": "u_1"}
    again = await client.post(url, json={**await offer(), "pc_id": first["pc_id"], "restart_pc": True})
    assert again.status_code == 200
    lost = await client.post(url, json=await offer())
    assert lost.status_code == 200
    late = {"pc_id": lost.json()["pc_id"], "candidates": []}
    assert (await client.patch(url, json=late)).status_code == 200
    assert len(board.answered) == 1
    board.calls[0].set_result(None)
    assert (await client.post(url, json=await offer())).status_code == 404


async def test_a_start_needs_what_an_offer_needs(client: httpx.AsyncClient, board: Board) -> None:
    assert (await start(client, {})).status_code == 401
    assert (await client.post("/api/offer", json=await offer())).status_code == 401
    assert (await client.post("/sessions/guessed/api/offer", json=await offer())).status_code == 404
    assert (await client.patch("/sessions/guessed/api/offer", json={})).status_code == 404
    assert not board.answered


async def test_the_only_agent_is_meant_and_one_of_several_is_named(
    client: httpx.AsyncClient, board: Board
) -> None:
    assert (await client.post("/api/offer", json=await offer(), headers=bearer(KEY))).status_code == 200
    board.plans["bar"] = board.plans["desk"]
    unclear = await start(client, bearer(KEY))
    assert (unclear.status_code, "agentName" in unclear.json()["detail"]) == (400, True)
    assert (await start(client, bearer(KEY), agentName="desk")).status_code == 200
    assert (await start(client, bearer(KEY), agentName="nobody")).status_code == 404
    named = await client.post("/api/offer?agentName=desk", json=await offer(), headers=bearer(KEY))
    assert named.status_code == 200


async def test_a_start_over_daily_is_daily_s(client: httpx.AsyncClient) -> None:
    there = await start(client, bearer(KEY), transport="daily")
    assert (there.status_code, there.headers["location"]) == (307, "/desk/daily/start")
    assert (await start(client, bearer(KEY), transport="livekit")).status_code == 400


async def test_sessions_that_nobody_uses_are_bounded(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_STARTED", 3)
    codes = [(await start(client, bearer(KEY))).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 503]


async def test_a_call_that_ends_while_it_negotiates_again_leaves_nothing_behind(
    client: httpx.AsyncClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    real = SmallWebRTCConnection.renegotiate
    connections: list[SmallWebRTCConnection] = []

    async def hang_up(connection: SmallWebRTCConnection, **more: Any) -> None:
        await real(connection, **more)
        connections.append(connection)
        board.calls[0].set_result(None)
        await asyncio.sleep(0)

    monkeypatch.setattr(SmallWebRTCConnection, "renegotiate", hang_up)
    over = await again(client, first["pc_id"], bearer(KEY))
    assert (over.status_code, "this call is over" in over.json()["detail"]) == (410, True)
    assert connections[0].pc.connectionState == "closed"
    assert (await again(client, connections[0].pc_id, bearer(KEY))).status_code == 410


async def test_two_offers_at_once_are_answered_one_after_the_other(
    client: httpx.AsyncClient, board: Board
) -> None:
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    answers = await asyncio.gather(*(again(client, first["pc_id"], bearer(KEY)) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    names = {answer.json()["pc_id"] for answer in answers}
    assert (len(names), len(board.answered)) == (3, 1)


async def test_an_agent_with_a_strange_name_is_no_way_to_another_site(client: httpx.AsyncClient) -> None:
    there = await start(client, bearer(KEY), transport="daily", agentName="/evil.example.com")
    assert there.headers["location"] == "/%2Fevil.example.com/daily/start"


async def test_a_stranger_is_not_told_which_agents_there_are(client: httpx.AsyncClient, board: Board) -> None:
    board.plans["bar"] = board.plans["desk"]
    strangers = [await start(client, {}, **body) for body in ({}, {"agentName": "desk"}, {"agentName": "x"})]
    assert [answer.status_code for answer in strangers] == [401, 401, 401]


async def test_a_page_of_another_site_can_neither_start_nor_go_on(
    client: httpx.AsyncClient, board: Board
) -> None:
    away = {"origin": "https://evil.example.com"}
    session = (await start(client, bearer(KEY))).json()["sessionId"]
    url = f"/sessions/{session}/api/offer"
    first = (await client.post(OFFER, json=await offer(), headers=bearer(KEY))).json()
    refused = [
        await client.post(url, json=await offer(), headers=away),
        await client.patch(url, json={}, headers=away),
        await client.post("/api/offer", json=await offer(), headers={**away, **bearer(KEY)}),
        await client.patch("/api/offer", json={}, headers={**away, **bearer(KEY)}),
        await start(client, {**away, **bearer(KEY)}),
        await again(client, first["pc_id"], {**away, **bearer(KEY)}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert len(board.answered) == 1


async def test_a_session_that_was_started_long_ago_is_over(
    client: httpx.AsyncClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = (await start(client, bearer(KEY))).json()["sessionId"]
    late = time.monotonic() + sessions.START_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: late)
    over = await client.post(f"/sessions/{session}/api/offer", json=await offer())
    assert (over.status_code, board.answered) == (404, [])
