"""What belongs to a browser's call reaches the process that has it, whichever it came to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from fastapi import HTTPException
from fastapi.responses import Response

from agentrun.server.auth import start_tokens
from tests.server.browser.board import OFFER, offer
from tests.server.forwarding.sides import KEY, Side, pair, side

HEADERS = {"authorization": f"Bearer {KEY}"}
Pair = tuple[Side, Side]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Pair]:
    async with pair(tmp_path) as sides:
        yield sides


async def begin(side: Side, headers: dict[str, str] = HEADERS) -> dict[str, str]:
    """A call that is up at ``side``: the answer to its offer."""
    answer = await side.client.post(OFFER, json=await offer(), headers=headers)
    assert answer.status_code == 200
    body: dict[str, str] = answer.json()
    return body


async def again(side: Side, name: str, headers: dict[str, str] = HEADERS, **more: Any) -> httpx.Response:
    """Another offer of the browser whose connection has this name."""
    body = {**await offer(), "pc_id": name, "restart_pc": True, **more}
    return await side.client.post(OFFER, json=body, headers=headers)


async def trickle(side: Side, name: str, headers: dict[str, str] = HEADERS) -> httpx.Response:
    """A candidate that came late."""
    one = {
        "candidate": "candidate:1 1 udp 1 10.0.0.1 4000 typ host",
        "sdp_mid": "0",
        "sdp_mline_index": 0,
    }
    return await side.client.patch(OFFER, json={"pc_id": name, "candidates": [one]}, headers=headers)


async def test_a_reconnection_and_late_candidates_reach_the_call(both: Pair) -> None:
    one, other = both
    first = await begin(one)
    assert (await trickle(other, first["pc_id"])).json() == {"status": "ok"}
    second = await again(other, first["pc_id"])
    assert (second.status_code, second.json()["type"]) == (200, "answer")
    assert (await trickle(other, second.json()["pc_id"])).status_code == 200
    assert (await again(one, second.json()["pc_id"])).status_code == 200
    assert (len(one.board.answered), len(other.board.answered)) == (1, 0)


async def test_a_session_is_offered_to_where_it_was_started(both: Pair) -> None:
    one, other = both
    body = {"agentName": "desk", "body": {"user": "u_1"}}
    session = (await one.client.post("/start", json=body, headers=HEADERS)).json()["sessionId"]
    path = f"/sessions/{session}/api/offer"
    first = await other.client.post(path, json=await offer())
    assert first.status_code == 200
    assert one.board.answered[0].call.parameters == {"user": "u_1"}
    late = {"pc_id": first.json()["pc_id"], "candidates": []}
    assert (await other.client.patch(path, json=late)).status_code == 200
    # the answer was lost: it is on its call all the same
    assert (await other.client.post(path, json=await offer())).status_code == 200
    assert (len(one.board.answered), len(other.board.answered)) == (1, 0)
    one.board.calls[0].set_result(None)
    await asyncio.sleep(0)
    assert (await other.client.post(path, json=await offer())).status_code == 404


async def test_a_start_token_begins_one_call_over_both_and_reconnects_that_one(both: Pair) -> None:
    one, other = both
    token = {"authorization": f"Bearer {start_tokens.make(KEY, 'desk')}"}
    first = await begin(one, token)
    assert (await again(other, first["pc_id"], token)).status_code == 200
    assert (await other.client.post(OFFER, json=await offer(), headers=token)).status_code == 401
    assert (len(one.board.answered), len(other.board.answered)) == (1, 0)


async def test_nobody_else_takes_over_a_call_from_another_process(both: Pair) -> None:
    one, other = both
    first = await begin(one, {"authorization": f"Bearer {start_tokens.make(KEY, 'desk')}"})
    assert (await again(other, first["pc_id"])).status_code == 410
    assert (await trickle(other, first["pc_id"])).status_code == 404
    assert (await again(other, first["pc_id"], {})).status_code == 401


async def test_a_page_of_another_site_is_refused_before_anything_is_handed_on(both: Pair) -> None:
    one, other = both
    first = await begin(one)
    evil = {**HEADERS, "origin": "https://evil.example"}
    asked = [one.forwarding.handlers.pop(name) for name in list(one.forwarding.handlers)]
    assert asked
    assert (await again(other, first["pc_id"], evil)).status_code == 403
    assert (await trickle(other, first["pc_id"], evil)).status_code == 403


async def test_a_name_that_nobody_signed_is_asked_of_nobody(
    both: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    name = (await begin(one))["pc_id"]
    text, _, signature = name.rpartition(".")
    changed = "0" * len(signature)
    monkeypatch.setattr(aiohttp, "ClientSession", None)
    for made_up in (f"{text}.{changed}", text, f"x@1-a.{signature}", "x@1-a", "ü@1-a.ü", "@.", "a" * 9_000):
        assert (await again(other, made_up)).status_code == 410
        assert (await trickle(other, made_up)).status_code == 404


async def test_what_was_handed_on_is_not_handed_on_again(both: Pair) -> None:
    _, other = both
    name = (await begin(other))["pc_id"]
    asked = {"name": "desk", "body": {**await offer(), "pc_id": name}, "credential": ""}
    with pytest.raises(HTTPException) as refused:
        await other.forwarding.ask("1-a", "browser-offer", asked)
    assert refused.value.status_code == 410


async def test_the_call_of_a_process_that_left_is_over(both: Pair) -> None:
    one, other = both
    name = (await begin(one))["pc_id"]
    await other.state.beat()
    assert one.state.shared
    one.state.shared.leave("1-a")
    await other.state.beat()
    over = await again(other, name)
    assert (over.status_code, "is gone, and its calls with it" in over.json()["detail"]) == (410, True)
    assert (await trickle(other, name)).status_code == 410


async def test_a_process_that_was_killed_a_moment_ago_is_said_not_to_answer(both: Pair) -> None:
    one, other = both
    name = (await begin(one))["pc_id"]
    await one.private.aclose()
    away = await again(other, name)
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    assert "does not answer" in away.json()["detail"]


async def test_a_process_that_hangs_keeps_nobody_waiting(both: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = both
    name = (await begin(one))["pc_id"]
    enough = asyncio.Event()

    async def hang(_asked: Mapping[str, Any]) -> Response:
        await enough.wait()
        return Response()

    one.forwarding.on("browser-candidates", hang)
    other_asking = other.forwarding.asking

    def at_once(owner: Any, what: str, body: Any) -> Any:
        return other_asking(owner, what, body, 0.2)

    monkeypatch.setattr(other.forwarding, "asking", at_once)
    late = await trickle(other, name)
    assert (late.status_code, "does not answer" in late.json()["detail"]) == (503, True)
    enough.set()


async def test_a_machine_that_others_cannot_reach_is_named(tmp_path: Path) -> None:
    async with side("1-a", tmp_path, machine="far") as one, side("2-b", tmp_path) as other:
        name = (await begin(one))["pc_id"]
        away = await again(other, name)
        assert away.status_code == 503
        assert "the machine 'far'" in away.json()["detail"]
        assert "--private-host" in away.json()["detail"]


async def test_processes_with_other_secrets_know_nothing_of_each_other(tmp_path: Path) -> None:
    async with side("1-a", tmp_path) as one, side("2-b", tmp_path, secret=b"a" * 32) as other:
        name = (await begin(one))["pc_id"]
        assert (await again(other, name)).status_code == 410
        with pytest.raises(HTTPException) as refused:
            await other.forwarding.ask("1-a", "browser-offer", {})
        assert refused.value.status_code == 503
