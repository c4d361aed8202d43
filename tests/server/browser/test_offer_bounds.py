"""An offer is bounded by the work that it makes, not by its bytes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import HTTPException

from agentrun.server.browser import offer_bounds
from agentrun.server.browser.offer_bounds import RenegotiationRate, candidates_of, sdp_of
from tests.server.browser.board import Board, offer

OFFER = "/desk/browser/offer"
MEDIA = "m=audio 9 UDP/TLS/RTP/SAVPF 96"
CODEC = "a=rtpmap:96 opus/48000/2"
TOO_MUCH: dict[str, Sequence[str]] = {
    "`m=` lines": [MEDIA] * 9,
    "`a=rtpmap:` lines": [MEDIA, *[CODEC] * 129],
    "`a=rtcp-fb:*` lines": [MEDIA, CODEC, *["a=rtcp-fb:* nack"] * 17],
    "lines, and this one has 1501": [MEDIA, *["a=ssrc:1 cname:x"] * 1500],
}


def as_offer(lines: Sequence[str], end: str = "\r\n") -> dict[str, Any]:
    return {"type": "offer", "sdp": end.join(lines)}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\x0b", "\u2028"])
@pytest.mark.parametrize("what", TOO_MUCH)
def test_an_offer_that_is_dear_to_answer_is_refused(what: str, end: str) -> None:
    with pytest.raises(HTTPException, match="413") as refused:
        sdp_of(as_offer(TOO_MUCH[what], end))
    assert what in refused.value.detail
    assert sdp_of(as_offer(TOO_MUCH[what][:-1], end))


async def test_a_dear_offer_takes_no_place_and_reaches_nobody(
    client: httpx.AsyncClient,
    board: Board,
) -> None:
    body = await offer()
    body["sdp"] += (MEDIA + "\r\n") * 640
    answer = await client.post(OFFER, json=body)
    assert (answer.status_code, "at most 8 `m=` lines" in answer.text) == (413, True)
    assert not board.answered


async def test_a_browser_negotiates_again_so_many_times_a_minute(
    client: httpx.AsyncClient,
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offer_bounds, "MOST_RENEGOTIATIONS", 2)
    first = (await client.post(OFFER, json=await offer())).json()
    body = {**await offer(), "pc_id": first["pc_id"], "restart_pc": True}
    answers = [await client.post(OFFER, json=body) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    other = (await client.post(OFFER, json=await offer())).json()
    body = {**await offer(), "pc_id": other["pc_id"]}
    assert (await client.post(OFFER, json=body)).status_code == 200, "another browser is not held up"
    assert len(board.answered) == 2


def test_after_a_minute_it_may_again() -> None:
    now = [0.0]
    rate = RenegotiationRate(lambda: now[0])
    for _ in range(offer_bounds.MOST_RENEGOTIATIONS):
        rate.count()
    with pytest.raises(HTTPException, match="429"):
        rate.count()
    now[0] = offer_bounds.WINDOW_SECONDS
    rate.count()


async def test_late_candidates_are_counted(
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = "candidate:1 1 udp 2130706431 192.0.2.9 40000 typ host"
    one = {"candidate": line, "sdp_mid": "0", "sdp_mline_index": 0}
    with pytest.raises(HTTPException, match="413"):
        candidates_of({"pc_id": "x", "candidates": [one] * 201})
    first = (await client.post(OFFER, json=await offer())).json()
    taken: list[object] = []

    async def take(_connection: object, candidate: object) -> None:
        taken.append(candidate)

    monkeypatch.setattr(
        "pipecat.transports.smallwebrtc.connection.SmallWebRTCConnection.add_ice_candidate", take
    )
    for _ in range(3):
        body = {"pc_id": first["pc_id"], "candidates": [one] * 150}
        assert (await client.patch(OFFER, json=body)).status_code == 200
    assert len(taken) == offer_bounds.MOST_CANDIDATES
