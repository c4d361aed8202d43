"""Secrets that are planted in a call come up nowhere: no log, record, store, metric, webhook or message."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from loguru import logger
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agentrun import logs
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.records.webhook.signature import VARIABLE
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, listen, open_hasty_desk, until
from tests.server.records.receiver import SECRET, Receiver

KEYS = {
    "OPENAI_API_KEY": "canary-key-of-openai-000",
    "AGENTRUN_API_KEY": "canary-api-key-of-the-server",
    "TWILIO_AUTH_TOKEN": "canary0auth0token0of0twilio",
    "SHOP_HEADER": "canary-header-of-the-shop",
    VARIABLE: SECRET,
}
PHONE, CARD, EMAIL = "+14155550123", "4111111111111111", "ada.lovelace@example.com"
SPOKEN = "four one five, five five five, oh one two three"
PERSONAL = ("4155550123", "415 555 0123", "555 0123", CARD, "4111 1111", EMAIL, SPOKEN, "five five five")
PLUGIN = '''
from agentrun import Call, ToolError, hookimpl

def pay(call: Call, card: str, email: str) -> str:
    """Pay with a card."""
    raise ValueError(f"{call.environ['OPENAI_API_KEY']} {card} {email} {call.caller}")

def refuse(call: Call, card: str) -> str:
    """Refuse a card."""
    raise ToolError(f"{call.environ['SHOP_HEADER']} does not take {card}.")

@hookimpl
def agentrun_tools():
    return [pay, refuse]
'''


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    """A server that answers with everything it was given, as some do when something is wrong."""

    async def echo(scope: object, receive: object, send: object) -> None:
        if scope["type"] != "http":  # type: ignore[index]
            return
        request = Request(scope, receive)  # type: ignore[arg-type]
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        body = (await request.body())[:500]
        told = {"error": {"message": f"Incorrect API key provided: {key}. {dict(request.headers)} {body!r}"}}
        answer: Response = JSONResponse(told, 401)
        await answer(scope, receive, send)  # type: ignore[arg-type]

    with contextlib.closing(bind("127.0.0.1", 0)) as sock:
        async with serving(echo, sock):
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture(autouse=True)
def quiet_logs() -> None:
    """These tests set where logs go."""


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the operator reads; the level is the test's."""
    yield io.StringIO()
    logs.begin("CRITICAL")
    logger.remove()
    logs.protect([])


def tools(address: str) -> str:
    """The plugin's tools, and one that asks over HTTP with a secret header."""
    header = {"X-Shop": "${SHOP_HEADER}"}
    shop: dict[str, object] = {
        "use": "http",
        "name": "look_up",
        "description": "Look up.",
        "method": "POST",
        "headers": header,
    }
    parameters = {"card": {"type": "string", "description": "A card."}}
    shop |= {
        "url": f"{address}/x",
        "allow_private": True,
        "parameters": parameters,
        "body": {"c": "{{ card }}"},
    }
    return json.dumps(["hours", "pay", shop])


@contextlib.asynccontextmanager
async def leaky_desk(
    folder: Path, answers: list[Answer], receiver: Receiver, shop: str, **overrides: str
) -> AsyncIterator[Desk]:
    """A desk that redacts, sends its records on, and has tools that tell everything they know."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "pay.py").write_text(PLUGIN)
    overrides |= {
        "record.webhook": receiver.url,
        "record.redact": "[phone, email, card]",
        "tools": tools(shop),
    }
    heard = [f"I am {EMAIL}, my number is {SPOKEN}, my card {CARD}."] * 4
    records = f"sqlite:///{folder / 'calls.sqlite3'}"
    async with open_hasty_desk(
        folder, answers, heard=heard, overrides=overrides, environ=KEYS, insecure=False, records=records
    ) as desk:
        desk.caller = Caller(number=PHONE, auth_token=KEYS["TWILIO_AUTH_TOKEN"])
        yield desk


def assert_silent(where: str, text: str | bytes, *, personal: bool = True) -> None:
    """None of the planted words stands in ``text``."""
    found = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for word in (*KEYS.values(), "part-of-the-address", *(PERSONAL if personal else ())):
        if word in found:
            at = found.index(word)
            pytest.fail(f"{word} is in {where}: …{found[max(0, at - 300) : at + 100]}")


def assert_store_is_silent(folder: Path) -> None:
    """Nor in a byte of the store's files."""
    files = sorted(folder.glob("calls.sqlite3*"))
    assert files
    for path in files:
        assert_silent(path.name, path.read_bytes())


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_what_is_planted_in_a_call_comes_up_nowhere(
    tmp_path: Path, said: io.StringIO, level: str
) -> None:
    logs.begin(level, said)
    arguments = {"card": CARD, "email": EMAIL}
    calls = (
        ToolCall("pay", arguments),
        ToolCall("refuse", {"card": CARD}),
        ToolCall("look_up", {"card": CARD}),
    )
    answers = [HELLO, Answer(calls=calls), Answer(f"Your card is {CARD}, your number {PHONE}.")]
    receiver = Receiver()
    async with receiver.up(), echoing() as shop, leaky_desk(tmp_path, answers, receiver, shop) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            assert await listen(call)
        record = await desk.finished(call)
        await until(lambda: receiver.taken, 20)
        headers = {"Authorization": f"Bearer {KEYS['AGENTRUN_API_KEY']}"}
        token = {"authorization": f"Bearer {desk.server.settings.local.token}"}
        async with httpx.AsyncClient(trust_env=False, base_url=desk.server.url, headers=token) as client:
            metrics = (await client.get("/metrics", headers=headers)).text
            shown = await client.get(f"/desk/calls/{call.call_sid}")
    told = [entry.name for entry in record.transcript if entry.who == "tool"]
    assert sorted(told) == ["look_up", "pay", "refuse"]
    assert record.from_number == PHONE
    assert CARD in json.dumps([entry.arguments for entry in record.transcript])
    assert_silent("the log", said.getvalue())
    assert_silent("/metrics", metrics)
    assert_silent("the route", shown.text)
    assert_silent("the webhook", json.dumps(receiver.taken))
    assert receiver.taken[call.call_sid] == shown.json()
    assert shown.json()["from_number"] == "•••23"
    assert_store_is_silent(tmp_path)
    assert "tool pay failed" in said.getvalue()


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("part", ["llm", "stt", "tts"])
async def test_a_provider_that_tells_the_key_does_not_tell_it_to_us(
    tmp_path: Path, said: io.StringIO, level: str, part: str
) -> None:
    logs.begin(level, said)
    receiver = Receiver()
    async with receiver.up(), echoing() as shop:
        given = {f"pipeline.{part}.base_url": f"{shop}/v1", "prompts.greeting": "{say: Hello there.}"}
        given[f"pipeline.{part}.api_key"] = "${OPENAI_API_KEY}"
        async with leaky_desk(tmp_path, [OPEN] * 3, receiver, shop, **given) as desk:
            async with desk.caller.call(desk.url) as call:
                for _ in range(2):
                    with contextlib.suppress(Exception):
                        await call.say(QUESTION)
                        await listen(call, 6.0)
            record = await desk.finished(call)
            await until(lambda: receiver.taken, 20)
    assert any(KEYS["OPENAI_API_KEY"] in error for error in record.errors), record.errors
    assert_silent("the log", said.getvalue())
    assert_silent("the webhook", json.dumps(receiver.taken))
    assert_store_is_silent(tmp_path)


async def test_above_debug_no_line_quotes_the_caller_though_nothing_is_redacted(
    tmp_path: Path, said: io.StringIO
) -> None:
    logs.begin("INFO", said)
    answers = [HELLO, Answer(calls=(ToolCall("pay", {"card": CARD, "email": EMAIL}),)), OPEN]
    receiver = Receiver()
    async with receiver.up(), echoing() as shop, leaky_desk(tmp_path, answers, receiver, shop) as desk:
        logs.protect([])
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            assert await listen(call)
        await desk.finished(call)
    assert "tool pay failed: " in said.getvalue()
    assert "ValueError at " in said.getvalue()
    for words in (*PERSONAL, OPEN.text, HELLO.text):
        assert words not in said.getvalue()
