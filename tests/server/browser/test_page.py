"""The page's routes: who may use them, and what they answer."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agentrun.server.browser import page, routes
from tests.server.browser.board import OFFER, Board, offer


async def test_the_page_runs_nothing_but_its_own_files(client: httpx.AsyncClient) -> None:
    shown = await client.get("/")
    assert (
        "default-src 'none'; script-src 'self'; style-src 'self';" in shown.headers["content-security-policy"]
    )
    assert shown.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|<script(?![^>]* src=)|\s(?:style|on[a-z]+)=\"", shown.text)


async def test_what_the_page_asks_for_is_there_and_comes_from_this_server(client: httpx.AsyncClient) -> None:
    asked, texts = {"/"}, dict[str, str]()
    while asked - texts.keys():
        path = min(asked - texts.keys())
        answer = await client.get(path)
        assert answer.status_code == 200, path
        texts[path] = answer.text
        asked |= set(re.findall(r"\"(/console/[^\"]+)\"", answer.text))
    assert {"/console/main.js", "/console/theme.css", "/console/icon.svg"} < asked
    assert asked == {"/", *(f"/console/{name}" for name in page.FILES)}, "a file that nobody asks for"
    addresses = [
        re.findall(r"https?://[^ /]+", text) for path, text in texts.items() if path != "/console/icon.svg"
    ]
    assert {one for each in addresses for one in each} == {"http://localhost:${location.port"}


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2f__init__.py", "page.html"])
async def test_nothing_else_is_served_beside_the_page(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/console/{name}")).status_code == 404


async def test_the_agents_are_listed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/agents")).json() == [
        {
            "name": "desk",
            "description": "Answers for a restaurant.",
            "transport": "twilio, local",
            "style": "cascaded",
            "refused": [],
        }
    ]


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "127.0.0.1:80", "[::1]:7860", "LOCALHOST"])
async def test_a_name_of_this_machine_is_let_in(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/agents", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "192.168.1.5:7860", "[", ""])
async def test_another_name_is_refused(client: httpx.AsyncClient, host: str) -> None:
    refused = await client.get("/agents", headers={"host": host})
    assert refused.status_code == 403
    assert "this machine alone" in refused.json()["detail"]


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
@pytest.mark.parametrize("value", ["10.0.0.1", ""])
async def test_what_a_tunnel_passes_on_is_refused(client: httpx.AsyncClient, header: str, value: str) -> None:
    assert (await client.get("/", headers={header: value})).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://example.com", "http://localhost:9999", "https://localhost:7860", "null", ""]
)
async def test_a_script_of_another_site_is_refused(client: httpx.AsyncClient, origin: str) -> None:
    refused = await client.post(OFFER, headers={"origin": origin}, json=await offer())
    assert refused.status_code == 403


async def test_an_offer_gets_an_answer_and_a_session(client: httpx.AsyncClient, board: Board) -> None:
    own = {"origin": "http://localhost:7860"}
    answer = (await client.post(OFFER, headers=own, json=await offer())).json()
    assert answer["type"] == "answer"
    assert "m=audio" in answer["sdp"]
    assert answer["pc_id"]
    (connection,) = board.answered
    assert answer["call_id"] == connection.call.id
    assert (connection.call.agent, connection.call.transport, connection.call.offline) == (
        "desk",
        "local",
        True,
    )
    assert re.fullmatch("[0-9a-f]{32}", connection.call.id)
    assert connection.call.environ == {"A": "b"}
    assert (connection.sample_rate_in, connection.sample_rate_out, connection.rtvi) == (16_000, 24_000, True)


@pytest.mark.parametrize("trouble", ["broken", "unbegun"])
async def test_a_session_that_can_not_start_is_an_error_and_no_answer(
    client: httpx.AsyncClient, board: Board, trouble: str
) -> None:
    setattr(board, trouble, True)
    refused = await client.post(OFFER, json=await offer())
    assert refused.status_code == 500
    assert refused.json()["detail"] == "the agent could not be started; the server's log says why"


async def test_an_unknown_agent_is_named(client: httpx.AsyncClient) -> None:
    refused = await client.post("/nobody/browser/offer", json=await offer())
    assert (refused.status_code, refused.json()["detail"]) == (404, "there is no agent 'nobody' here")


async def test_a_server_that_stops_takes_no_offer(client: httpx.AsyncClient, board: Board) -> None:
    board.closing = True
    refused = await client.post(OFFER, json=await offer())
    assert (refused.status_code, refused.json()["detail"]) == (503, "the server is stopping")
    assert not board.answered


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"sdp": 1, "type": "offer"}', 400),
        (b'{"sdp": "x", "type": "answer"}', 400),
        (b'{"sdp": "x", "type": "offer"}', 400),
        (b'{"sdp": "v=0\\r\\nm=audio", "type": "offer"}', 400),
        (b'{"sdp": "v=0\\r\\nm=audio 9 UDP/TLS 0\\r\\na=rtpmap:x", "type": "offer"}', 400),
        (b"[" * 20_000, 400),
        (b" " * (64 * 1024 + 1), 413),
    ],
)
async def test_an_offer_that_is_none_is_refused(
    client: httpx.AsyncClient, board: Board, body: bytes, status: int
) -> None:
    refused = await client.post(OFFER, content=body)
    assert refused.status_code == status
    assert isinstance(refused.json()["detail"], str)
    assert not board.answered


async def test_candidates_that_come_late_are_taken(client: httpx.AsyncClient) -> None:
    answer = (await client.post(OFFER, json=await offer())).json()
    line = "candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host"
    candidates = [{"candidate": line, "sdp_mid": "0", "sdp_mline_index": 0}]
    taken = await client.patch(OFFER, json={"pc_id": answer["pc_id"], "candidates": candidates})
    assert (taken.status_code, taken.json()) == (200, {"status": "ok"})
    odd = [{"candidate": "candidate:", "sdp_mid": "0", "sdp_mline_index": 0}]
    assert (await client.patch(OFFER, json={"pc_id": answer["pc_id"], "candidates": odd})).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"pc_id": "a", "candidates": 1}, 400),
        ({"pc_id": "a", "candidates": [{"candidate": "x"}]}, 400),
        ({"pc_id": "a", "candidates": []}, 404),
    ],
)
async def test_candidates_of_no_connection_are_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    assert (await client.patch(OFFER, json=body)).status_code == status


def test_a_server_without_agents_for_browsers_does_not_load_webrtc() -> None:
    program = "import sys, agentrun.server.browser.routes; print('aiortc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


async def test_an_agent_of_a_telephone_is_reached_from_the_page_all_the_same(board: Board) -> None:
    board.plans["desk"].spec.transport = [SimpleNamespace(type="twilio")]
    app = FastAPI()
    app.include_router(routes.router(board))  # type: ignore[arg-type]
    assert board.closers == [], "nothing is loaded before the first offer"
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        offers = [await offer() for _ in range(2)]
        answers = await asyncio.gather(*(client.post(OFFER, json=each) for each in offers))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (len(board.answered), len(board.closers)) == (2, 1)
