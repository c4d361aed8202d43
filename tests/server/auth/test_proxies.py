"""What is for this machine alone stays closed when a proxy or a tunnel lets others reach the server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agentrun.records import CallRecord
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller.results import server_record
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.server.auth import proxies
from tests.server.twilio.as_twilio import FORM, PUBLIC, SECRET, SPEC

KEY = "the-servers-key"
Proxy = Callable[[Path, int], AbstractAsyncContextManager[int]]
REWRITTEN = "http-request set-header Host 127.0.0.1"
PROXIES: dict[str, tuple[str, Proxy]] = {
    "nginx, with its own idea of the Host": ("nginx", proxies.nginx()),
    "nginx, with no WebSockets": ("nginx", proxies.nginx("")),
    "nginx, which names localhost": ("nginx", proxies.nginx("proxy_set_header Host localhost;")),
    "nginx, set up with care": (
        "nginx",
        proxies.nginx("proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;"),
    ),
    "haproxy": ("haproxy", proxies.haproxy()),
    "haproxy, which names localhost": ("haproxy", proxies.haproxy(REWRITTEN)),
    "haproxy, with X-Forwarded-For": ("haproxy", proxies.haproxy(REWRITTEN, "option forwardfor")),
    "a tunnel": ("", proxies.tcp_tunnel),
}
CLOSED = ("/", "/agents", "/dashboard", "/dashboard/live", "/dashboard/charts", "/desk/calls/CA7", "/metrics")
HOSTS = ("localhost", "127.0.0.1:7860", "[::1]", "voice.example.com")


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """Each proxy that is installed."""
    program, found = PROXIES[request.param]
    if program and not proxies.is_there(program):
        pytest.skip(f"{program} is not installed")
    return found


@contextlib.asynccontextmanager
async def serving(
    folder: Path, environ: dict[str, str] | None = None, **options: object
) -> AsyncIterator[RunningServer]:
    """A server on loopback with the record of a call."""
    (folder / "desk.yaml").write_text(SPEC.format(name="desk"))
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "HOME": str(folder)}
        async with running_server(
            [folder / "desk.yaml"],
            {**given, **(environ or {})},
            Options(port=0, evals=True, **options),  # type: ignore[arg-type]
        ) as server:
            server.switchboard.records.add(CallRecord("CA7", "desk", "twilio", "+14155551234"))
            yield server


def documented(folder: Path) -> AbstractAsyncContextManager[RunningServer]:
    """The set-up of the documentation: loopback, a public address, and a key."""
    given = {"AGENTRUN_API_KEY": KEY, "TWILIO_AUTH_TOKEN": SECRET}
    return serving(folder, given, public_url=PUBLIC)


def port_of(server: RunningServer) -> int:
    """Where it listens."""
    port = httpx.URL(server.url).port
    assert port
    return port


def local(server: RunningServer) -> httpx.AsyncClient:
    """A program on this machine that asks the server itself."""
    return httpx.AsyncClient(base_url=server.url, trust_env=False)


async def test_a_stranger_behind_a_proxy_is_told_nothing(tmp_path: Path, proxy: Proxy) -> None:
    async with documented(tmp_path) as server, proxy(tmp_path, port_of(server)) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            for host in HOSTS:
                for path in CLOSED:
                    answer = await client.get(path, headers={"host": host})
                    assert answer.status_code in (401, 403), (host, path)
                    assert "desk" not in answer.text
                    assert "4155551234" not in answer.text
                told = (await client.get("/health", headers={"host": host})).json()
                assert told == {"status": "ok"}, host


async def test_a_stranger_behind_a_proxy_starts_no_call(tmp_path: Path, proxy: Proxy) -> None:
    async with documented(tmp_path) as server, proxy(tmp_path, port_of(server)) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            for host in HOSTS:
                for ask in (client.post, client.patch):
                    offer = await ask("/desk/browser/offer", json={}, headers={"host": host})
                    assert offer.status_code == 401, host
                assert (await client.post("/desk/twilio/voice", data=FORM)).status_code == 403
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{port}/desk/eval", proxy=None):
                pass
        assert refused.value.response.status_code in (403, 404)


@pytest.mark.parametrize("case", ["a dashboard password", "an allowed site", "a named proxy", "a key"])
async def test_whatever_shows_that_others_reach_the_server_closes_it(tmp_path: Path, case: str) -> None:
    environ = {
        "a dashboard password": {"AGENTRUN_DASHBOARD_PASSWORD": "hunter2hunter2"},
        "a key": {"AGENTRUN_API_KEY": KEY},
    }
    options: dict[str, dict[str, object]] = {
        "an allowed site": {"origins": ("https://www.example.com",)},
        "a named proxy": {"forwarded_allow_ips": "127.0.0.1"},
    }
    async with (
        serving(tmp_path, environ.get(case), **options.get(case, {})) as server,
        local(server) as client,
    ):
        assert [(await client.get(path)).status_code for path in ("/", "/agents")] == [403, 403]


async def test_a_proxy_that_was_seen_closes_what_was_open_by_address(tmp_path: Path) -> None:
    """Nothing is set up for strangers, and then somebody points a tunnel at the server."""
    shown: list[str] = []
    async with serving(tmp_path) as server, local(server) as client:
        server.settings.local.on_seen(lambda: shown.append("once"))
        assert (await client.get("/agents")).status_code == 200
        assert (await client.get("/ready", headers={"x-forwarded-for": "203.0.113.7"})).status_code == 200
        await client.get("/ready", headers={"via": "1.1 tunnel"})
        assert (await client.get("/agents")).status_code == 403
        token = {"authorization": f"Bearer {server.settings.local.token}"}
        assert (await client.get("/agents", headers=token)).status_code == 200
    assert shown == ["once"]


async def test_unsigned_calls_are_for_this_machine_alone(tmp_path: Path, proxy: Proxy) -> None:
    async with serving(tmp_path, public_url=PUBLIC, insecure=True) as server:
        token = {"authorization": f"Bearer {server.settings.local.token}"}
        async with proxy(tmp_path, port_of(server)) as port, httpx.AsyncClient(trust_env=False) as client:
            for headers in ({}, {"authorization": "Bearer guessed"}):
                url = f"http://127.0.0.1:{port}/desk/twilio/voice"
                assert (await client.post(url, data=FORM, headers=headers)).status_code == 403
            own = await client.post(f"{server.url}/desk/twilio/voice", data=FORM, headers=token)
            assert own.status_code == 200


async def test_the_link_opens_the_page_and_the_dashboard(tmp_path: Path) -> None:
    async with documented(tmp_path) as server, local(server) as client:
        html = {"accept": "text/html"}
        link = f"/?token={server.settings.local.token}"
        opened = await client.get(link, headers=html)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert server.settings.local.token not in cookie
        for path in ("/", "/agents", "/dashboard", "/desk/calls/CA7"):
            assert (await client.get(path, headers=html)).status_code == 200, path
        assert (await client.post("/desk/browser/offer", json={})).status_code == 400, "let in"
        health = (await client.get("/health")).json()
        assert health["agents"] == ["desk"]


async def test_a_guessed_an_old_or_another_servers_token_opens_nothing(tmp_path: Path) -> None:
    async with documented(tmp_path) as server, documented(tmp_path) as other:
        name, expired = server.settings.local.cookie_name, "1000000000." + "0" * 40
        given = [
            {"authorization": "Bearer guessed"},
            {"authorization": f"Bearer {other.settings.local.token}"},
            {"cookie": f"{name}={expired}"},
            {"cookie": f"{name}=9999999999.{'0' * 40}"},
            {"cookie": f"{name}=²."},
            {"cookie": f"{name}={server.settings.local.token}"},
        ]
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            for headers in given:
                raw = {key.encode(): value.encode() for key, value in headers.items()}
                assert (await client.get("/agents", headers=raw)).status_code == 403, headers
            assert (await client.get("/agents?token=guessed")).status_code == 403


async def test_a_caller_on_this_machine_reads_the_record(tmp_path: Path) -> None:
    from agentrun import local_secret

    async with documented(tmp_path) as server:
        secret = local_secret.read({"HOME": str(tmp_path)})
        assert secret
        address = f"{server.url}/desk/twilio/voice"
        assert await server_record.fetch(address, "CA7", 0.1) is None
        found = await server_record.fetch(address, "CA7", 0.1, secret=secret)
        assert found
        assert found["id"] == "CA7"
