"""What strangers try; nothing is built for any of them, and a caller is answered after them."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from agentrun.http import slow_client_timeouts
from agentrun.records import CallRecord
from agentrun.server.app import request_limits
from agentrun.server.auth import start_tokens
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.server.twilio import handshake_limits, stream_tokens
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import until
from tests.server.twilio.as_twilio import (
    FORM,
    JUNK,
    OTHER_CALL,
    PUBLIC,
    SECRET,
    SPEC,
    a_token,
    assert_refused,
    code_of,
    dial,
    post,
    serving,
    sign,
    start,
)

KEY = "the-servers-key"
OFFER = "/desk/browser/offer"
SITE = "https://www.example.com"


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every session that is started."""
    started: list[object] = []
    monkeypatch.setattr(Switchboard, "answer", lambda *call: started.append(call))
    yield started
    assert started == []


@contextlib.asynccontextmanager
async def public(folder: Path, **options: object) -> AsyncIterator[tuple[RunningServer, httpx.AsyncClient]]:
    """A server as strangers reach it, with everything on."""
    (folder / "desk.yaml").write_text(SPEC.format(name="desk"))
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        environ |= {"TWILIO_AUTH_TOKEN": SECRET, "AGENTRUN_API_KEY": KEY}
        host = ".".join("0000")
        asked = Options(host, 0, PUBLIC, evals=True, origins=(SITE,), **options)  # type: ignore[arg-type]
        async with running_server([folder / "desk.yaml"], environ, asked) as server:
            url = f"http://127.0.0.1:{httpx.URL(server.url).port}"
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                yield server, client


async def test_a_webhook_is_signed_for_this_very_address(tmp_path: Path) -> None:
    async with public(tmp_path) as (_, client):
        url = f"{client.base_url}/desk/twilio/voice"
        there = f"{PUBLIC}/desk/twilio/voice"
        for signature in (None, "junk", sign(there, "another secret"), sign("https://evil.example/desk")):
            assert (await post(url, signature)).status_code == 403, signature
        rewritten = {"host": "evil.example", "x-forwarded-host": "evil.example"}
        assert (
            await post(url, sign("http://evil.example/desk/twilio/voice"), **rewritten)
        ).status_code == 403
        assert (await post(url, sign(there))).status_code == 200


async def test_a_webhook_that_is_replayed_opens_no_second_call(tmp_path: Path) -> None:
    async with public(tmp_path) as (server, client):
        url, signed = f"{client.base_url}/desk/twilio/voice", sign(f"{PUBLIC}/desk/twilio/voice")
        assert (await post(url, signed)).status_code == 200
        server.switchboard.records.add(CallRecord(FORM["CallSid"], "desk", "twilio"))
        assert (await post(url, signed)).status_code == 409


async def test_a_stream_needs_a_token_that_is_new_and_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, "desk", "other") as server:
        await assert_refused(server, start(None))
        await assert_refused(server, start(await a_token(server, "other")))
        await assert_refused(server, start(await a_token(server), OTHER_CALL))
        monkeypatch.setattr(stream_tokens, "LIFETIME_SECONDS", 0.0)
        await assert_refused(server, start(await a_token(server)))


async def test_junk_and_messages_without_end_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for message in JUNK:
            await assert_refused(server, message)
        await assert_refused(server, "x" * 200_000, code=1009)


async def test_a_form_without_end_is_refused(tmp_path: Path) -> None:
    async def without_end() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"a" * 1024

    async with public(tmp_path) as (_, client):
        for path in ("/desk/twilio/voice", "/desk/twilio/status"):
            assert (await client.post(path, content=b"a=" + b"b" * 200_000)).status_code == 413
            assert (await client.post(path, content=without_end())).status_code == 413


async def test_a_body_that_drips_in_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "BODY_SECONDS", 0.3)
    head = "POST /desk/twilio/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    async with public(tmp_path) as (_, client):
        answer = await drip(client, (head + kind).encode(), b"a")
        assert b" 408 " in answer.splitlines()[0]


@pytest.mark.parametrize("head", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.parametrize("after_a_request", [False, True])
async def test_a_request_that_drips_in_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, after_a_request: bool
) -> None:
    monkeypatch.setattr(slow_client_timeouts, "HEAD_SECONDS", 0.3)
    before = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" if after_a_request else b""
    async with public(tmp_path) as (_, client):
        answer = await drip(client, before + head, b"X")
        assert answer.count(b"HTTP/1.1 200") == int(after_a_request)


async def drip(client: httpx.AsyncClient, first: bytes, byte: bytes) -> bytes:
    """What is answered to ``first`` and to a ``byte`` now and then, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(first)
    read = asyncio.create_task(reader.read())
    async with asyncio.timeout(8):
        while not read.done():
            with contextlib.suppress(ConnectionError):
                writer.write(byte)
            await asyncio.sleep(0.1)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return read.result() if not read.exception() else b""


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


@pytest.mark.slow
async def test_ten_thousand_sockets_that_say_nothing_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    monkeypatch.setattr(handshake_limits, "HANDSHAKE_SECONDS", 1.0)
    async with serving(tmp_path) as server:
        before, memory = len(asyncio.all_tasks()), []
        for _ in range(10):
            sockets = await asyncio.gather(*(dial(server) for _ in range(1000)), return_exceptions=True)
            held = [socket for socket in sockets if isinstance(socket, ClientConnection)]
            refused = [socket for socket in sockets if isinstance(socket, InvalidStatus)]
            assert len(held) + len(refused) == 1000
            assert refused, "only so many are waited for at a time"
            assert set(await asyncio.gather(*(code_of(socket, 20) for socket in held))) == {1008}
            await until(lambda: len(asyncio.all_tasks()) <= before + 2, 10)
            memory.append(resident_mb())
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # the first thousands bring in what the others use again
    assert memory[-1] - memory[4] < 20, memory


def signed(key: str = KEY, agent: str = "desk", seconds: float = 60.0) -> str:
    """The header of a start token."""
    return f"Bearer {start_tokens.make(key, agent, seconds)}"


UNSIGNED = jwt.encode(
    {"aud": "agentrun start", "sub": "desk", "exp": time.time() + 60, "jti": "x"}, "", "none"
)
STRANGERS = {
    "nothing": {},
    "another key": {"authorization": "Bearer guessed"},
    "another scheme": {"authorization": f"Basic {KEY}"},
    "a token of another key": {"authorization": signed("guessed")},
    "a token of another agent": {"authorization": signed(agent="other")},
    "an expired token": {"authorization": signed(seconds=-1)},
    "a token without a signature": {"authorization": f"Bearer {UNSIGNED}"},
    "another site": {"authorization": f"Bearer {KEY}", "origin": "https://evil.example"},
    "a sandboxed page": {"authorization": f"Bearer {KEY}", "origin": "null"},
}


@pytest.mark.parametrize("case", STRANGERS)
async def test_a_page_starts_no_call_without_the_key_or_a_token(tmp_path: Path, case: str) -> None:
    async with public(tmp_path) as (_, client):
        for ask in (client.post, client.patch):
            refused = await ask(OFFER, json={}, headers=STRANGERS[case])
            assert refused.status_code == (403 if "origin" in STRANGERS[case] else 401)


async def test_a_token_starts_one_call(tmp_path: Path) -> None:
    async with public(tmp_path) as (_, client):
        headers = {"authorization": signed(), "origin": SITE}
        for _ in range(2):
            assert (await client.post(OFFER, json={}, headers=headers)).status_code == 400, "it began no call"
        start = {"agentName": "desk"}
        assert (await client.post("/start", json=start, headers=headers)).status_code == 200
        assert (await client.post("/start", json=start, headers=headers)).status_code == 401
        assert (await client.post(OFFER, json={}, headers=headers)).status_code == 401
        assert (await client.patch(OFFER, json={}, headers=headers)).status_code == 400
        key = {"authorization": f"Bearer {KEY}"}
        assert [(await client.post(OFFER, json={}, headers=key)).status_code for _ in range(2)] == [400, 400]


async def test_a_browser_may_ask_for_the_allowed_site_alone(tmp_path: Path) -> None:
    async with public(tmp_path) as (_, client):
        wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        good = await client.options(OFFER, headers={"origin": SITE, **wanted})
        assert good.headers["access-control-allow-origin"] == SITE
        bad = await client.options(OFFER, headers={"origin": "https://evil.example", **wanted})
        assert "access-control-allow-origin" not in bad.headers


async def test_what_is_for_this_machine_is_closed_on_a_public_address(tmp_path: Path) -> None:
    async with public(tmp_path) as (server, client):
        server.switchboard.records.add(CallRecord("CA1", "desk", "twilio"))
        for headers in ({}, {"x-forwarded-for": "127.0.0.1"}, {"host": "localhost"}):
            for path in ("/", "/agents", "/desk/calls/CA1", "/desk/eval", "/docs", "/openapi.json"):
                assert (await client.get(path, headers=headers)).status_code == 404, path
            told = (await client.get("/health", headers={**headers, "host": "voice.example.com"})).json()
            assert told == {"status": "ok"}, "neither names nor numbers"


async def test_every_answer_tells_browsers_to_be_careful(tmp_path: Path) -> None:
    async with public(tmp_path) as (_, client), serving(tmp_path) as local:
        for url in (
            f"{client.base_url}/health",
            f"{client.base_url}/nothing",
            f"{local.url}/",
            f"{local.url}/agents",
        ):
            headers = (await client.get(url)).headers
            assert headers["x-content-type-options"] == "nosniff", url
            assert headers["referrer-policy"] == "no-referrer", url
            assert "default-src 'none'" in headers["content-security-policy"], url
            assert "frame-ancestors 'none'" in headers["content-security-policy"], url
            assert "server" not in headers, url


async def test_a_proxy_is_believed_where_it_is_named(tmp_path: Path) -> None:
    """Behind one that is, the scheme is the caller's."""
    for proxies, scheme in ((None, "ws"), ("10.0.0.1", "ws"), ("127.0.0.1", "wss")):
        (tmp_path / "desk.yaml").write_text(SPEC.format(name="desk"))
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
        environ["TWILIO_AUTH_TOKEN"] = SECRET
        options = Options(port=0, forwarded_allow_ips=proxies)
        async with running_server([tmp_path / "desk.yaml"], environ, options) as server:
            url = f"{server.url}/desk/twilio/voice"
            seen = url if scheme == "ws" else url.replace("http", "https", 1)
            answer = await post(url, sign(seen), **{"x-forwarded-proto": "https"})
            assert f'url="{scheme}://' in answer.text
