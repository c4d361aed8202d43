"""Faults of the HTTP routes: every fault means something on every route."""

from __future__ import annotations

import json
from typing import Any, get_args

import httpx
import pytest

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault, Kind, Route
from tests.simulate.openai.standing import standing

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
SPEECH: dict[str, Any] = {"input": "Hi", "voice": "alloy", "response_format": "pcm"}
BODIES: list[tuple[Route, str, dict[str, Any]]] = [
    ("chat", "/v1/chat/completions", CHAT),
    ("chat", "/v1/chat/completions", {**CHAT, "stream": True}),
    ("responses", "/v1/responses", {"input": "Hi"}),
    ("responses", "/v1/responses", {"input": "Hi", "stream": True}),
    ("speech", "/v1/audio/speech", SPEECH),
]
ANSWERED: frozenset[Kind] = frozenset({"empty", "html", "json", "late", "malformed"})
"""Faults that come with status 200: wrong, or merely late."""
BROKEN = tuple(kind for kind in get_args(Kind) if kind not in ANSWERED | {"stall", "trickle", "whole"})
SURFACES: dict[Kind, type[httpx.HTTPError]] = {
    "status": httpx.HTTPStatusError,
    "error": httpx.HTTPStatusError,
    "hang": httpx.ReadTimeout,
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize(("route", "path", "body"), BODIES)
async def test_a_fault_reaches_the_client_and_the_next_request_is_well(
    kind: Kind, route: Route, path: str, body: dict[str, Any]
) -> None:
    headers = {"authorization": "Bearer any"}
    async with (
        standing(Answer("One two."), Answer("One two.")) as it,
        httpx.AsyncClient(base_url=it.server.address, headers=headers, timeout=1.0) as bare,
    ):
        it.server.conditions.faults[route] = Fault(kind, times=1)
        with pytest.raises(SURFACES.get(kind, httpx.RemoteProtocolError)):
            (await bare.post(path, json=body)).raise_for_status()
        (await bare.post(path, json=body)).raise_for_status()


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_fault_of_the_transcriptions_reaches_the_client(kind: Kind) -> None:
    headers = {"authorization": "Bearer any"}
    async with (
        standing() as it,
        httpx.AsyncClient(base_url=it.server.address, headers=headers, timeout=1.0) as bare,
    ):
        it.server.conditions.faults["transcriptions"] = Fault(kind, times=1)
        with pytest.raises(SURFACES.get(kind, httpx.HTTPError)):
            (await bare.post("/v1/audio/transcriptions", files={"file": b"any"})).raise_for_status()


@pytest.mark.parametrize(("kind", "content"), [("html", "text/html"), ("json", "application/json")])
@pytest.mark.parametrize(("route", "path", "body"), BODIES)
async def test_an_answer_of_the_wrong_kind_has_status_200(
    kind: Kind, content: str, route: Route, path: str, body: dict[str, Any]
) -> None:
    async with (
        standing(Answer("One two.")) as it,
        httpx.AsyncClient(base_url=it.server.address, headers={"authorization": "Bearer any"}) as bare,
    ):
        it.server.conditions.faults[route] = Fault(kind, times=1)
        wrong = await bare.post(path, json=body)
        assert (wrong.status_code, wrong.headers["content-type"].partition(";")[0]) == (200, content)
        (await bare.post(path, json=body)).raise_for_status()


@pytest.mark.parametrize(("route", "path", "body"), [BODIES[1], BODIES[4]])
async def test_an_answer_that_stalls_is_not_finished(route: Route, path: str, body: dict[str, Any]) -> None:
    headers = {"authorization": "Bearer any"}
    async with (
        standing(Answer("One two.")) as it,
        httpx.AsyncClient(base_url=it.server.address, headers=headers, timeout=1.0) as bare,
    ):
        it.server.conditions.faults[route] = Fault("stall", times=1)
        with pytest.raises(httpx.ReadTimeout):
            await bare.post(path, json=body)


@pytest.mark.parametrize(("route", "path", "body"), BODIES)
async def test_a_malformed_answer_has_status_200_and_is_unreadable(
    route: Route, path: str, body: dict[str, Any]
) -> None:
    async with (
        standing(Answer("One two.")) as it,
        httpx.AsyncClient(base_url=it.server.address, headers={"authorization": "Bearer any"}) as bare,
    ):
        it.server.conditions.faults[route] = Fault("malformed", times=1)
        wrong = await bare.post(path, json=body)
        assert wrong.status_code == 200
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            wrong.json()
        (await bare.post(path, json=body)).raise_for_status()
