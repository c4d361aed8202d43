"""Every route, asked by everybody, in every set-up; the documentation shows what is asserted here."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentrun.records import CallRecord
from agentrun.server.app import application
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.server import route_table
from tests.server.route_table import ASKERS, ROWS, SETUPS, Row
from tests.server.twilio.as_twilio import FORM, PUBLIC, SECRET, SPEC

KEY = "the-servers-own-key"
CLOSED = (401, 403, 404)


def headers(asker: str, server: RunningServer, setup: str) -> dict[str, str]:
    """What somebody sends; on a public host the key is all that there is to know."""
    if asker == "stranger":
        return {"host": "voice.example.com", "x-forwarded-for": "203.0.113.7"}
    if asker == "user":
        return {"authorization": f"Bearer {server.settings.local.token}"}
    return {"authorization": f"Bearer {KEY}"} if asker == "key" else {}


def is_closed(row: Row, status: int, words: str) -> bool:
    """Whether a stranger's answer: a 404 of a record that was looked for is none."""
    looked_for = "no call" in words or "no recording" in words or "nothing of that name" in words
    looked_for = looked_for or "no such file" in words
    return status in CLOSED and not looked_for


async def ask(row: Row, server: RunningServer, port: int, sent: dict[str, str]) -> bool:
    """Whether a route lets somebody in."""
    parts = {"agent": "desk", "call_id": "CA9", "name": "dashboard.js", "expected": "x" * 11, "session": "s1"}
    path = row.at(**parts, state="x")
    if row.method == "WS":
        return await _open_socket(f"ws://127.0.0.1:{port}{path}", sent)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        body = {"data": FORM} if row.proof.startswith("Twilio") else {"json": {}}
        body = {} if row.method == "GET" else body
        answer = await client.request(row.method, path, headers=sent, **body)  # type: ignore[arg-type]
    return not is_closed(row, answer.status_code, answer.text)


async def _open_socket(url: str, sent: dict[str, str]) -> bool:
    """A socket that is taken may still be closed for its first message: that is a stranger's answer too."""
    given = {key: value for key, value in sent.items() if key != "host"}
    try:
        async with connect(url, proxy=None, additional_headers=given) as socket:
            if "twilio" in url:
                await socket.send('{"event": "start", "start": {"streamSid": "MZ1", "callSid": "CA1"}}')
                await socket.recv()
            return True
    except (InvalidStatus, ConnectionClosed):
        return False


async def serve(folder: Path, setup: str, check: object) -> None:
    """Have ``check`` run with a server of the set-up."""
    (folder / "desk.yaml").write_text(SPEC.format(name="desk"))
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "HOME": str(folder)}
        environ |= {"TWILIO_AUTH_TOKEN": SECRET}
        environ |= {} if setup == "alone" else {"AGENTRUN_API_KEY": KEY}
        host = ".".join("0000") if setup == "public" else "127.0.0.1"
        public_url = None if setup == "alone" else PUBLIC
        async with running_server(
            [folder / "desk.yaml"], environ, Options(host, 0, public_url, evals=True)
        ) as server:
            server.switchboard.records.add(CallRecord("CA9", "desk", "twilio"))
            port = httpx.URL(server.url).port
            await check(server, port)  # type: ignore[operator]


def _pairs(route: BaseRoute) -> set[tuple[str, str]]:
    """The methods and paths of a route; FastAPI keeps those of a router together."""
    if hasattr(route, "effective_route_contexts"):
        inner = list(route.effective_route_contexts())
        return {
            (verb, one.path or getattr(one.original_route, "path", ""))
            for one in inner
            for verb in (one.methods if isinstance(one.original_route, APIRoute) else ("WS",))
        }
    if isinstance(route, APIWebSocketRoute):
        return {("WS", route.path)}
    return {(verb, route.path) for verb in route.methods or ()} if isinstance(route, APIRoute) else set()


@pytest.mark.parametrize("setup", SETUPS)
async def test_every_route_lets_in_whom_the_table_names(tmp_path: Path, setup: str) -> None:
    async def check(server: RunningServer, port: int) -> None:
        for row in ROWS:
            # strangers come last: a request that a proxy passed on closes what is open by address
            for asker in reversed(ASKERS):
                let_in = await ask(row, server, port, headers(asker, server, setup))
                wanted = asker in row.open_to(setup)
                assert let_in is wanted, f"{setup}: {asker} at {row.method} {row.path}"
                server.settings.local._seen._raised = False  # type: ignore[attr-defined]

    await serve(tmp_path, setup, check)


async def test_the_table_has_every_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FastAPI] = []
    routes: list[BaseRoute] = []
    real = application.make

    def note(*given: object) -> object:
        made.append(real(*given))  # type: ignore[arg-type]
        return made[0]

    monkeypatch.setattr(application, "make", note)

    async def read(_server: RunningServer, _port: int) -> None:
        routes.extend(made[0].routes)

    await serve(tmp_path, "alone", read)
    found = {pair for route in routes for pair in _pairs(route)}
    assert found == {(row.method, row.path) for row in ROWS}


def test_the_documentation_shows_the_table() -> None:
    text = route_table.PAGE.read_text(encoding="utf-8")
    assert text == route_table.page(text), "write it anew: python -m tests.server.route_table"
