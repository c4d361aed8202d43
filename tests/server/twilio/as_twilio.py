"""A signed server, and what Twilio sends it: webhooks of one call, and its stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect

from agentrun.server.lifecycle.settings import WhenFull
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer

SECRET = "a-secret-of-twilio"
CALL, OTHER_CALL = "CA" + "1" * 32, "CA" + "2" * 32
FORM = {"CallSid": CALL, "From": "+12025550143", "To": "+12025550199"}
PUBLIC = "https://voice.example.com"
SPEC = "name: {name}\ntransport: twilio\nprompts: {{system: Hi., greeting: Hello., apology: Sorry.}}\n"
STARTS = ('"now"', "[]", '{"customParameters": ["token"]}', '{"customParameters": {}}')
JUNK: tuple[str | bytes, ...] = (
    *("hello", "[]", "7", "{}", "[" * 60_000, b"\x00\xff", '{"event": "media", "media": {}}'),
    *(f'{{"event": "start", "start": {start}}}' for start in STARTS),
)
"""First messages that Twilio does not send."""


@contextlib.asynccontextmanager
async def serving(
    folder: Path,
    *names: str,
    secret: str | None = SECRET,
    public_url: str | None = None,
    when_full: WhenFull = "busy",
) -> AsyncIterator[RunningServer]:
    """Agents that are never spoken to, on a signed server unless there is no ``secret``."""
    paths = [folder / f"{name}.yaml" for name in names or ("desk",)]
    for path in paths:
        path.write_text(SPEC.format(name=path.stem))
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        given = {**environ, "TWILIO_AUTH_TOKEN": secret} if secret else environ
        options = Options(port=0, public_url=public_url, when_full=when_full)
        async with running_server(paths, given, options) as server:
            yield server


async def post(url: str, signature: str | None, **headers: str) -> httpx.Response:
    """Ask a webhook, with Twilio's header when there is a ``signature``."""
    given = headers if signature is None else {**headers, "X-Twilio-Signature": signature}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, data=FORM, headers=given)


def sign(url: str, secret: str = SECRET) -> str:
    """Twilio's signature of the form for ``url``."""
    return str(RequestValidator(secret).compute_signature(url, FORM))


def stream_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """The stream's address and the parameters in the TwiML of ``answer``."""
    assert answer.status_code == 200
    found = ElementTree.fromstring(answer.text).find("Connect/Stream")
    assert found is not None
    return found.attrib["url"], {part.attrib["name"]: part.attrib["value"] for part in found}


async def a_token(server: RunningServer, agent: str = "desk") -> str:
    """A token for the call of FORM, to ``agent``."""
    url = f"{server.url}/{agent}/twilio/voice"
    return stream_of(await post(url, sign(url)))[1]["token"]


def start(token: str | None, call_sid: str = CALL) -> str:
    """Twilio's start message."""
    parameters = {} if token is None else {"token": token}
    return json.dumps(
        {"event": "start", "start": {"streamSid": "MZ1", "callSid": call_sid, "customParameters": parameters}}
    )


def dial(server: RunningServer, agent: str = "desk") -> connect:
    """A WebSocket to an agent's stream."""
    url = f"{server.url.replace('http', 'ws', 1)}/{agent}/twilio/stream"
    return connect(url, proxy=None, max_size=None, open_timeout=60)


async def code_of(socket: ClientConnection, seconds: float = 20.0) -> int | None:
    """The code with which the server closes ``socket``."""
    await asyncio.wait_for(socket.wait_closed(), seconds)
    return socket.close_code


async def assert_refused(
    server: RunningServer, *messages: str | bytes, agent: str = "desk", code: int = 1008
) -> None:
    """A stream of ``messages`` is closed with ``code``, and nothing is built for it."""
    async with dial(server, agent) as socket:
        for message in messages:
            await socket.send(message)
        assert await code_of(socket) == code
    assert_nothing_was_built(server, agent)


def assert_nothing_was_built(server: RunningServer, agent: str = "desk") -> None:
    """Neither a session nor a record is there."""
    assert server.switchboard.live == 0
    assert server.switchboard.records.get(agent, CALL) is None
