"""Anything at all, to every route and socket: no 500, no traceback, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.server.twilio import handshake_limits
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.server.route_table import ROWS
from tests.server.test_attacks import resident_mb
from tests.server.twilio.as_twilio import FORM, PUBLIC, SECRET, SPEC

KEY = "the-servers-own-key"
BOUNDED = settings(
    max_examples=120,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class Fuzzed:
    """A server that is asked in one loop, which runs while something is asked."""

    runner: asyncio.Runner
    server: RunningServer
    client: httpx.AsyncClient
    errors: list[str]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)


@pytest.fixture(autouse=True)
def quiet_logs() -> None:
    """Logs are listened to here, by the server's own fixture."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    (folder / "desk.yaml").write_text(SPEC.format(name="desk"))
    errors: list[str] = []
    number = logger.add(lambda line: errors.append(str(line)), level="ERROR")
    patch = pytest.MonkeyPatch()
    patch.setattr(handshake_limits, "HANDSHAKE_SECONDS", 0.3)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()

        async def start() -> Fuzzed:
            openai = await stack.enter_async_context(
                OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(()))
            )
            environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "HOME": str(folder)}
            environ |= {"TWILIO_AUTH_TOKEN": SECRET, "AGENTRUN_API_KEY": KEY}
            store = f"sqlite:///{folder}/calls.sqlite3"
            asked = Options(port=0, public_url=PUBLIC, evals=True, records=store)
            server = await stack.enter_async_context(running_server([folder / "desk.yaml"], environ, asked))
            client = httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)
            await stack.enter_async_context(client)
            return Fuzzed(runner, server, client, errors)

        yield runner.run(start())
        runner.run(stack.aclose())
    patch.undo()
    logger.remove(number)


text = st.text(st.characters(codec="utf-8"), max_size=40)
small = st.one_of(text, st.sampled_from(["CA" + "1" * 32, "desk", "offer", "..", "%00", "\x00", "x" * 3000]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), small),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(small, inner, max_size=4)),
    max_leaves=12,
)
PROOFS: tuple[dict[str, str], ...] = ({}, {"authorization": f"Bearer {KEY}"}, {"authorization": "Basic ///"})
_OFFERS = (
    "sdp",
    "type",
    "candidates",
    "pc_id",
    "restart_pc",
    "requestData",
    "agentName",
    "transport",
    "body",
)
keys = st.sampled_from([*_OFFERS, "to", "parameters", "CallSid", "From", "To"])
bodies = st.one_of(
    st.binary(max_size=300),
    values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(keys, values, max_size=5).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"[" * 50_000, b'{"a":' * 9_000, b"a=" + b"b" * 60_000]),
)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
kinds = st.sampled_from([*_FORMS, "application/json", "text/html", ""])
HTTP = [row for row in ROWS if row.method != "WS"]


def assert_well(fuzzed: Fuzzed, answer: httpx.Response) -> None:
    assert answer.status_code not in (500, 501), answer.text
    assert answer.status_code < 500 or answer.status_code in (502, 503), answer.text
    assert "Traceback" not in answer.text
    assert fuzzed.errors == []


@BOUNDED
@given(
    st.sampled_from(HTTP), small, small, bodies, kinds, st.sampled_from([*PROOFS, {"user": "token"}]),
    st.dictionaries(st.sampled_from(["token", "page", "span", "agent", "dial", "part"]), small, max_size=3),
)  # fmt: skip
def test_no_request_breaks_a_route(
    fuzzed: Fuzzed,
    row: Any,
    first: str,
    second: str,
    body: bytes,
    kind: str,
    proof: dict[str, str],
    query: Any,
) -> None:
    if "user" in proof:
        proof = {"authorization": f"Bearer {fuzzed.server.settings.local.token}"}
    agent = first if len(first) % 3 == 0 else "desk"
    parts = dict.fromkeys(("call_id", "name", "session", "state"), _part(second))
    path = row.at(agent=_part(agent), **parts)
    headers = {**proof, **({"content-type": kind} if kind else {})}
    content = None if row.method == "GET" else body
    request = fuzzed.client.build_request(row.method, path, content=content, headers=headers, params=query)
    assert_well(fuzzed, fuzzed.run(fuzzed.client.send(request)))


def _part(value: str) -> str:
    return httpx.QueryParams({"x": value}).__str__()[2:] or "x"


@BOUNDED
@given(st.dictionaries(st.one_of(keys, small), small, max_size=6), st.booleans(), small)
def test_no_signed_form_breaks_a_webhook(
    fuzzed: Fuzzed, extra: dict[str, str], whole: bool, dial: str
) -> None:
    form = {**(FORM if whole else {}), **extra}
    for path in ("/desk/twilio/voice", f"/desk/twilio/status?dial={_part(dial)}"):
        url = f"{PUBLIC}{path}"
        signature = RequestValidator(SECRET).compute_signature(url, form)
        asked = fuzzed.client.post(path, data=form, headers={"X-Twilio-Signature": signature})
        assert_well(fuzzed, fuzzed.run(asked))


EVENTS = st.sampled_from(["connected", "start", "media", "stop", "mark", "dtmf"])
messages = st.one_of(
    text,
    values.map(json.dumps),
    st.fixed_dictionaries({"event": EVENTS}, optional={"start": values, "media": values, "stop": values}).map(
        json.dumps
    ),
    st.binary(max_size=100),
    st.just("[" * 30_000),
)


@settings(BOUNDED, max_examples=60)
@given(
    st.sampled_from(["twilio/stream", "twilio/stream/xxxxxxxxxxx", "eval"]), st.lists(messages, max_size=3)
)
def test_no_message_breaks_a_socket(fuzzed: Fuzzed, path: str, said: list[str | bytes]) -> None:
    async def talk() -> None:
        url = f"{fuzzed.server.url.replace('http', 'ws', 1)}/desk/{path}"
        token = {"authorization": f"Bearer {fuzzed.server.settings.local.token}"}
        with contextlib.suppress(InvalidStatus, InvalidHandshake, ConnectionClosed):
            async with connect(url, proxy=None, additional_headers=token) as socket:
                for message in said:
                    await socket.send(message)

    fuzzed.run(talk())
    assert fuzzed.errors == []


def test_nothing_is_left_behind(fuzzed: Fuzzed) -> None:
    """The same again and again, after what was there before: no task, no call, and no memory."""

    async def once() -> None:
        for row in HTTP:
            path = row.at(agent="desk", call_id="x", name="x", session="x", state="x")
            await fuzzed.client.request(row.method, path, content=b"{}" if row.method != "GET" else None)

    for _ in range(5):
        fuzzed.run(once())
    gc.collect()
    tasks, memory = fuzzed.run(_tasks()), resident_mb()
    for _ in range(40):
        fuzzed.run(once())
    gc.collect()
    assert fuzzed.run(_tasks()) <= tasks + 2
    assert resident_mb() - memory < 15
    assert fuzzed.server.switchboard.live == 0
    assert fuzzed.server.switchboard.admission.held <= 1


async def _tasks() -> int:
    await asyncio.sleep(0.5)
    return len(asyncio.all_tasks())
