"""With ``--insecure`` a simulator on this machine opens a stream itself; nobody else ever does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import until
from tests.server.twilio.as_twilio import CALL, SECRET, SPEC, code_of, start

LIMITED = "limits: {calls: 1}\n"


@contextlib.asynccontextmanager
async def serving(folder: Path, *, insecure: bool = True, **environ: str) -> AsyncIterator[RunningServer]:
    path = folder / "desk.yaml"
    path.write_text(SPEC.format(name="desk") + LIMITED)
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        settings = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **environ}
        async with running_server([path], settings, Options(port=0, insecure=insecure)) as server:
            yield server


def dial(server: RunningServer, **headers: str) -> connect:
    url = f"{server.url.replace('http', 'ws', 1)}/desk/twilio/stream"
    return connect(url, proxy=None, additional_headers=headers)


def begin(call_sid: str = CALL, **parameters: str) -> str:
    message = json.loads(start(None, call_sid))
    message["start"]["customParameters"] = parameters
    return json.dumps(message)


async def refused(server: RunningServer, message: str, **headers: str) -> bool:
    """Whether a stream that begins with ``message`` is closed, and no call is up."""
    try:
        async with dial(server, **headers) as socket:
            await socket.send(message)
            closed = await code_of(socket) == 1008
    except InvalidStatus:
        closed = True
    return closed


async def test_a_simulator_opens_a_stream_without_a_webhook(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, dial(server) as socket:
        await socket.send(begin(from_number="+12025550143", user="u_1"))
        board = server.switchboard
        await until(lambda: board.live == 1, 10)
        session = board.session("desk", CALL)
        assert session is not None
        assert session.call.from_number == "+12025550143"
        assert session.call.parameters["user"] == "u_1"
        # the agent has one place, and a call's name is good once
        assert await refused(server, begin("CA" + "9" * 32))
        assert await refused(server, begin())
        assert board.live == 1


@pytest.mark.parametrize(
    ("insecure", "environ"),
    [(False, {}), (False, {"TWILIO_AUTH_TOKEN": SECRET}), (True, {"TWILIO_AUTH_TOKEN": SECRET})],
)
async def test_without_insecure_or_with_twilio_s_token_nobody_does(
    tmp_path: Path, insecure: bool, environ: dict[str, str]
) -> None:
    async with serving(tmp_path, insecure=insecure, **environ) as server:
        assert await refused(server, begin())
        assert server.switchboard.live == 0


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example.com"}, {"X-Forwarded-For": "203.0.113.7"}, {"Origin": "null"}],
)
async def test_a_page_of_another_site_and_what_a_proxy_passes_on_are_refused(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with serving(tmp_path) as server:
        assert await refused(server, begin(), **headers)
        assert server.switchboard.live == 0


async def test_a_wrong_token_is_not_as_good_as_none(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        assert await refused(server, start("guessed"))
        assert await refused(server, begin("a name/with signs"))
        assert server.switchboard.live == 0
