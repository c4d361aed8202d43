"""What the doctor finds, against real sockets on loopback."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Response

from agentrun import spec
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.doctor import local_checks, provider_checks
from agentrun.server.doctor.local_checks import Finding
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import TwilioServer
from tests.ports import free_port

TWILIO = {"TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC1"}


def plans(folder: Path, environ: Mapping[str, str], url: str | None = None, more: str = "") -> list[Plan]:
    path = folder / "desk.yaml"
    path.write_text(f"transport: twilio\nprompts: Be brief.\n{more}")
    return [planning.make(spec.load(path), (), environ, public_url=url)]


def words(found: Sequence[Finding], state: str) -> str:
    """What the findings of this state say."""
    return "; ".join(f"{one.what}: {one.words}" for one in found if one.state == state)


def test_every_variable_that_is_missing_is_named(tmp_path: Path) -> None:
    found = list(local_checks.keys(plans(tmp_path, {}), {}, "127.0.0.1"))
    errors = words(found, "error")
    assert all(name in errors for name in ("OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID"))
    environ = {"OPENAI_API_KEY": "k", **TWILIO}
    assert [one.state for one in local_checks.keys(plans(tmp_path, environ), environ, "127.0.0.1")] == ["ok"]


@pytest.mark.parametrize(("key", "state"), [("", "warning"), ("short", "error"), ("k" * 32, "ok")])
def test_a_key_of_the_server_that_is_missing_or_short_is_told(tmp_path: Path, key: str, state: str) -> None:
    environ = {"OPENAI_API_KEY": "k", **TWILIO, **({"AGENTRUN_API_KEY": key} if key else {})}
    found = list(local_checks.keys(plans(tmp_path, environ), environ, "voice.example.com"))
    assert found[-1].state == state
    assert key not in words(found, state) or not key


def test_disk_and_files_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.what for one in local_checks.machine(tmp_path)] == ["disk", "files"]
    monkeypatch.setattr(local_checks, "LEAST_DISK_BYTES", 10**18)
    monkeypatch.setattr(local_checks, "LEAST_FILES", 10**9)
    assert [one.state for one in local_checks.machine(tmp_path)] == ["warning", "warning"]


async def test_a_public_address_leads_here_or_elsewhere_or_nowhere(tmp_path: Path) -> None:
    port = free_port()
    here = plans(tmp_path, {}, f"http://127.0.0.1:{port}")
    assert [one.state for one in await local_checks.addresses(here, "127.0.0.1", port)] == ["ok", "ok"]
    nowhere = plans(tmp_path, {}, f"http://127.0.0.1:{free_port()}")
    assert "can't be reached" in words(await local_checks.addresses(nowhere, "127.0.0.1", port), "error")
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as other:
        elsewhere = plans(tmp_path, {}, other.base_url.removesuffix("/v1"))
        assert "leads elsewhere: it answered 404" in words(
            await local_checks.addresses(elsewhere, "127.0.0.1", port), "error"
        )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


async def test_a_port_that_is_taken_is_told(tmp_path: Path, taken: int) -> None:
    found = await local_checks.addresses(plans(tmp_path, {}), "127.0.0.1", taken)
    assert f"port {taken} of 127.0.0.1 is in use" in words(found, "warning")


async def test_good_keys_are_asked_for_and_found_good(tmp_path: Path) -> None:
    openai = OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(()))
    async with openai, TwilioServer("AC1", "t") as twilio:
        environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": openai.base_url, **TWILIO}
        environ |= {"TWILIO_API_BASE_URL": twilio.base_url}
        found = await provider_checks.providers(plans(tmp_path, environ), environ)
        assert words(found, "error") == ""
        assert {one.what for one in found if one.state == "ok"} == {"openai", "clock", "twilio"}
        refused = await provider_checks.providers(
            plans(tmp_path, environ), {**environ, "TWILIO_AUTH_TOKEN": "wrong"}
        )
        assert "twilio: Twilio answered 401" in words(refused, "error")


@contextlib.asynccontextmanager
async def provider(status: int, body: str) -> AsyncIterator[str]:
    """A provider that answers this to every question."""
    app = FastAPI()

    @app.get("/v1/models")
    async def models() -> Response:
        return Response(body, status, media_type="application/json")

    sock = bind("127.0.0.1", 0)
    async with serving(app, sock):
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
    sock.close()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, "{}", "answered 401"),
        (500, "{}", "answered 500"),
        (200, "no json", "did not answer with a list of models"),
        (200, '{"data": 7}', "did not answer with a list of models"),
    ],
)
async def test_a_provider_that_refuses_is_told_without_the_key(
    tmp_path: Path, status: int, body: str, said: str
) -> None:
    async with provider(status, body) as url:
        environ = {"OPENAI_API_KEY": "the-secret-key", "OPENAI_BASE_URL": url}
        found = await provider_checks.providers(plans(tmp_path, environ), environ)
        assert said in words(found, "error")
        assert "the-secret-key" not in str(found)


async def test_a_clock_that_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_checks, "time", SimpleNamespace(time=lambda: time.time() - 90))
    async with provider(200, '{"data": []}') as url:
        environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}
        found = await provider_checks.providers(plans(tmp_path, environ), environ)
        assert "clock: it differs from the provider's by" in words(found, "error")
        assert "gpt-4o is not among the models" in words(found, "warning")


NUMBER, URL = "+15551234567", "https://voice.example.com"


async def test_a_number_whose_calls_go_elsewhere_is_told_and_mended(tmp_path: Path) -> None:
    async with TwilioServer() as twilio:
        twilio.numbers[NUMBER] = "https://demo.twilio.com/welcome"
        environ = {"OPENAI_API_KEY": "k", **twilio.environ(), "TWILIO_FROM_NUMBER": NUMBER}
        agents = plans(tmp_path, environ, URL)
        [wrong] = await provider_checks.webhook(agents, environ, None, fix=False)
        assert wrong.state == "error"
        assert "go to https://demo.twilio.com/welcome, not to" in wrong.words
        assert twilio.numbers[NUMBER] == "https://demo.twilio.com/welcome", "nobody asked to change it"
        [mended] = await provider_checks.webhook(agents, environ, NUMBER, fix=True)
        assert mended.state == "ok"
        assert twilio.numbers[NUMBER] == f"{URL}/desk/twilio/voice"
        [good] = await provider_checks.webhook(agents, environ, NUMBER, fix=False)
        assert (good.state, good.words) == ("ok", f"calls to {NUMBER} go to {URL}/desk/twilio/voice")


async def test_a_webhook_that_can_not_be_seen_is_told(tmp_path: Path) -> None:
    async with TwilioServer() as twilio:
        environ = {"OPENAI_API_KEY": "k", **twilio.environ()}
        agents = plans(tmp_path, environ, URL)
        assert await provider_checks.webhook(agents, environ, None, fix=True) == []
        [foreign] = await provider_checks.webhook(agents, environ, NUMBER, fix=True)
        assert foreign.words == f"{NUMBER} is not a number of this account"
        [nowhere] = await provider_checks.webhook(plans(tmp_path, environ), environ, NUMBER, fix=True)
        assert nowhere.hint == "add --public-url https://…"
        refused = {**environ, "TWILIO_AUTH_TOKEN": "wrong"}
        [wrong] = await provider_checks.webhook(agents, refused, NUMBER, fix=True)
        assert (wrong.state, "401" in wrong.words) == ("error", True)
