"""The page and the records are for this machine alone, whoever asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agentrun.records import CallRecord
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer

PATHS = ("/", "/agents", "/desk/calls/x")
SPEC = "name: desk\ntransport: twilio\nprompts: {system: Hi., greeting: Hello., apology: Sorry.}\n"
FOREIGN: dict[str, dict[str, str]] = {
    "another name": {"host": "voice.example.com"},
    "a name that was rebound": {"host": "127.0.0.1.example.com"},
    "another address": {"host": "192.168.1.7:7860"},
    "a broken address": {"host": "[::1"},
    "no name": {"host": ""},
    "forwarded": {"forwarded": "for=203.0.113.7"},
    "x-forwarded-for": {"x-forwarded-for": "203.0.113.7"},
    "x-forwarded-host": {"x-forwarded-host": "voice.example.com"},
    "x-real-ip": {"x-real-ip": "203.0.113.7"},
    "another site": {"origin": "https://evil.example.com"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "a file or a sandbox": {"origin": "null"},
    "a broken site": {"origin": "http://[::1"},
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A desk on a loopback port with the record of one call."""
    spec = tmp_path / "desk.yaml"
    spec.write_text(SPEC)
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with running_server([spec], environ, Options(port=0)) as found:
            found.switchboard.records.add(CallRecord("x", "desk", "twilio", None, None))
            yield found


async def statuses(server: RunningServer, headers: dict[str, str]) -> list[int]:
    """The status of every path, asked with ``headers``."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        return [(await client.get(path, headers=headers)).status_code for path in PATHS]


async def test_a_program_or_a_page_of_this_machine_is_answered(server: RunningServer) -> None:
    port = httpx.URL(server.url).port
    own = ("127.0.0.1", "localhost", "[::1]")
    for headers in ({}, *({"host": f"{name}:{port}"} for name in own), {"host": "localhost"}):
        assert await statuses(server, headers) == [200, 200, 200], headers
    assert await statuses(server, {"origin": server.url}) == [200, 200, 200]


async def test_a_request_from_elsewhere_is_forbidden(server: RunningServer) -> None:
    for case, headers in FOREIGN.items():
        assert await statuses(server, headers) == [403, 403, 403], case


async def test_an_offer_from_elsewhere_is_forbidden(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for case, headers in FOREIGN.items():
            answer = await client.post("/desk/browser/offer", json={}, headers=headers)
            assert answer.status_code == 403, case
        # proxies were seen, so this machine's user shows the token from now on
        assert (await client.post("/desk/browser/offer", json={})).status_code == 403
        token = {"authorization": f"Bearer {server.settings.local.token}"}
        assert (await client.post("/desk/browser/offer", json={}, headers=token)).status_code == 400
    assert server.switchboard.live == 0


async def test_a_record_is_json_and_an_unknown_call_is_not_found(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        assert (await client.get("/desk/calls/x")).json()["id"] == "x"
        assert (await client.get("/desk/calls/y")).status_code == 404
        assert (await client.get("/other/calls/x")).status_code == 404
