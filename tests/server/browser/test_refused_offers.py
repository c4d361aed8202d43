"""What may begin one call is used up by the call that it begins, and by no refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from agentrun.server.admission.limits import Refusal
from agentrun.server.auth import start_tokens
from agentrun.server.browser import sessions
from tests.server.browser.board import Board, offer
from tests.server.browser.test_reconnect import KEY, OFFER, bearer, client, start

__all__ = ["client"]
UNREADABLE = "v=0\r\nm=audio 9 UDP/TLS 0\r\na=rtpmap:x"


class Full:
    """An admission that has no place, and remembers what it was asked to give back."""

    async def ask(self, *_: object) -> Refusal:
        return Refusal("full", "every place is taken", retry_after=30.0)


def full(board: Board) -> Callable[[], None]:
    """No place is left until what this returns is called."""
    usual = board.admission
    board.admission = Full()  # type: ignore[assignment]
    return lambda: setattr(board, "admission", usual)


def stopping(board: Board) -> Callable[[], None]:
    board.closing = True
    return lambda: setattr(board, "closing", False)


def nothing(_: Board) -> Callable[[], None]:
    return lambda: None


REFUSALS: dict[str, tuple[int, Callable[[Board], Callable[[], None]], dict[str, Any]]] = {
    "no place": (503, full, {}),
    "stopping": (503, stopping, {}),
    "not understood": (400, nothing, {"sdp": UNREADABLE}),
    "no offer": (400, nothing, {"type": "answer"}),
    "too dear": (413, nothing, {"sdp": "v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 9}),
    "no parameters": (400, nothing, {"requestData": [1]}),
}


@pytest.mark.parametrize("why", [*REFUSALS, "no draft"])
@pytest.mark.parametrize("address", [OFFER, "/api/offer"])
async def test_a_token_whose_offer_was_refused_begins_the_call_the_next_time(
    client: httpx.AsyncClient, board: Board, address: str, why: str
) -> None:
    refusals = {**REFUSALS, "no draft": (410, nothing, {"draft": 7})}
    status, refuse, more = refusals[why]
    token, end = bearer(start_tokens.make(KEY, "desk")), refuse(board)
    body = {**await offer(), "agentName": "desk"}
    assert (await client.post(address, json={**body, **more}, headers=token)).status_code == status
    end()
    assert not board.answered
    assert (await client.post(address, json=body, headers=token)).status_code == 200
    assert (await client.post(address, json=body, headers=token)).status_code == 401
    assert len(board.answered) == 1


@pytest.mark.parametrize("why", REFUSALS)
async def test_a_session_whose_offer_was_refused_begins_its_call_the_next_time(
    client: httpx.AsyncClient, board: Board, why: str
) -> None:
    status, refuse, more = REFUSALS[why]
    session = (await start(client, bearer(KEY))).json()["sessionId"]
    url, end = f"/sessions/{session}/api/offer", refuse(board)
    assert (await client.post(url, json={**await offer(), **more})).status_code == status
    end()
    assert (await client.post(url, json=await offer())).status_code == 200
    assert len(board.answered) == 1


@pytest.mark.parametrize("body", [{"transport": "pigeon"}, {"body": [1]}])
async def test_a_start_that_was_refused_leaves_its_token(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    token = bearer(start_tokens.make(KEY, "desk"))
    assert (await start(client, token, **body)).status_code == 400
    with monkeypatch.context() as full:
        full.setattr(sessions, "MOST_STARTED", 0)
        assert (await start(client, token)).status_code == 503
    assert (await start(client, token)).status_code == 200
    assert (await start(client, token)).status_code == 401


async def test_one_token_begins_one_call_of_many_offers_at_once(
    client: httpx.AsyncClient, board: Board
) -> None:
    token = bearer(start_tokens.make(KEY, "desk"))
    bodies = [await offer() for _ in range(4)]
    answers = await asyncio.gather(*(client.post(OFFER, json=body, headers=token) for body in bodies))
    assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]
    assert len(board.answered) == 1


async def test_a_token_and_a_session_are_tried_in_vain_so_many_times(
    client: httpx.AsyncClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_tokens, "MOST_TRIES", 2)
    monkeypatch.setattr(sessions, "MOST_TRIES", 2)
    session = (await start(client, bearer(KEY))).json()["sessionId"]
    token = bearer(start_tokens.make(KEY, "desk"))
    for address, headers, end in ((OFFER, token, 401), (f"/sessions/{session}/api/offer", {}, 404)):
        body = {**await offer(), "sdp": UNREADABLE}
        tries = [(await client.post(address, json=body, headers=headers)).status_code for _ in range(3)]
        assert tries[:2] == [400, 400]
        assert (await client.post(address, json=await offer(), headers=headers)).status_code == end
    assert not board.answered


async def test_an_offer_that_is_sent_twice_waits_for_the_first_and_is_on_its_call(
    client: httpx.AsyncClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = (await start(client, bearer(KEY))).json()["sessionId"]
    url, body, at_work, usual = (
        f"/sessions/{session}/api/offer", await offer(), asyncio.Event(), SmallWebRTCConnection.initialize
    )  # fmt: skip

    async def slow(connection: SmallWebRTCConnection, sdp: str, type: str) -> None:  # noqa: A002 - Pipecat's
        at_work.set()
        for _ in range(50):
            await asyncio.sleep(0)
        await usual(connection, sdp=sdp, type=type)

    monkeypatch.setattr(SmallWebRTCConnection, "initialize", slow)
    first = asyncio.create_task(client.post(url, json=body))
    await at_work.wait()
    answers = [await client.post(url, json=body), await first]
    assert [one.status_code for one in answers] == [200, 200]
    assert len(board.answered) == 1


async def test_a_name_that_no_text_can_be_is_no_agent(client: httpx.AsyncClient) -> None:
    for more in ({}, {"createDailyRoom": True}):
        text = '{"agentName": "desk\\ud83d", "transport": null%s}' % (
            ', "createDailyRoom": true' if more else ""
        )
        answer = await client.post("/start", content=text, headers=bearer(KEY))
        assert answer.status_code in (307, 404)
