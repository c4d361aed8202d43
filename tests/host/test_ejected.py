"""The folder that `eject --target pipecat-cloud` writes, in a server that keeps their documented contract."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from agentrun.cli import deploying
from agentrun.cli.commands import eject
from agentrun.records.webhook.signature import VARIABLE
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import TwilioServer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, QUESTION, SPEC, STYLES, until
from tests.cli.test_serve import ROOT
from tests.host.gateway import Gateway
from tests.server.records.receiver import SECRET, Receiver

SERVER = Path(__file__).parent / "image" / "server.py"
NEEDED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")


@pytest.fixture(autouse=True)
def without_a_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes a while, and what runs here is this copy: `tests/cli/test_eject.py` makes one."""
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)


def ejected(folder: Path, more: str = "") -> Path:
    """The desk, written for Pipecat Cloud."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    (folder / "desk.yaml").write_text(SPEC + more)
    out = folder / "out"
    given = ["--target", "pipecat-cloud", "--organization", "three-words"]
    done = CliRunner().invoke(eject.command, [str(folder / "desk.yaml"), "--to", str(out), *given])
    assert done.exception is None, done.output
    return out


def only(**given: str) -> dict[str, str]:
    """Nothing but ``given`` and what a program needs to run at all."""
    here = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return {**here, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **given}


def secrets_of(folder: Path) -> set[str]:
    """The variables that the example of the secrets asks for."""
    text = (folder / "secrets.env.example").read_text()
    return set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))


@contextlib.asynccontextmanager
async def running(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[tuple[Process, str]]:
    """The server around the folder's bot, once it is ready."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), str(port), cwd=folder, env=only(**environ)
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            async with asyncio.timeout(150):
                while not await _is_ready(client, url):
                    assert process.returncode is None
                    await asyncio.sleep(0.1)
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("style", STYLES)
async def test_with_its_secrets_alone_it_answers_a_telephone_through_their_gateway(
    tmp_path: Path, style: str
) -> None:
    """A greeting, a tool's result, a record by webhook; SIGTERM in mid call lets it finish."""
    receiver, brain = Receiver(), ScriptedBrain([HELLO, LOOK_UP, OPEN])
    hearing = ScriptedHearing(("When are you open?",))
    more = f"pipeline: {{style: {style}}}\nrecord: {{webhook: '${{CRM_WEBHOOK}}'}}\n"
    out = ejected(tmp_path, more)
    twilio = TwilioServer()
    async with OpenAIServer(hearing, ToneVoice(), brain) as openai, receiver.up(), twilio:
        secrets = {
            "OPENAI_API_KEY": "test", "CRM_WEBHOOK": receiver.url, VARIABLE: SECRET,
            "TWILIO_ACCOUNT_SID": Caller.account_sid, "TWILIO_AUTH_TOKEN": "token",
        }  # fmt: skip
        assert secrets_of(out) == set(secrets)
        here = {"OPENAI_BASE_URL": openai.base_url, "TWILIO_API_BASE_URL": twilio.base_url}
        async with running(out, secrets | here) as (process, pod):
            gateway = Gateway((out / "twiml-bin.xml").read_text(), pod)
            async with gateway.up() as url, Caller().call(f"{url}/desk") as call:
                await call.hear_greeting()
                process.send_signal(signal.SIGTERM)
                await call.say(QUESTION)
                await call.hear_answer()
            await until(lambda: call.call_sid in receiver.taken, 20)
            async with asyncio.timeout(20):
                # uvicorn stops, and then lets the signal have its way
                assert await process.wait() in (0, -signal.SIGTERM)
    record = receiver.taken[call.call_sid]
    brain.assert_complete()
    assert gateway.services == ["desk.three-words"]
    assert [entry["name"] for entry in record["transcript"] if entry["who"] == "tool"] == ["get_hours"]
    assert (record["from_number"], record["ended_by"]) == (Caller.number, "caller")


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_pipecats_own_runner_answers_the_same_file(tmp_path: Path) -> None:
    brain = ScriptedBrain([HELLO])
    out = ejected(tmp_path)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    async with OpenAIServer(ScriptedHearing(("Hello.",)), ToneVoice(), brain) as openai:
        given = only(OPENAI_API_KEY="test", OPENAI_BASE_URL=openai.base_url)
        command = ["bot.py", "-t", "twilio", "--port", str(port), "--host", "127.0.0.1", "-x", "127.0.0.1"]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=out, env=given)
        try:
            async with asyncio.timeout(150), httpx.AsyncClient(trust_env=False) as client:
                while not await _is_up(client, f"http://127.0.0.1:{port}/status"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            gateway = Gateway((out / "twiml-bin.xml").read_text(), f"http://127.0.0.1:{port}")
            async with gateway.up() as url, Caller().call(f"{url}/desk") as call:
                heard = await call.hear_greeting(timeout=30)
        finally:
            process.kill()
            await process.wait()
    assert heard.seconds > 0
    brain.assert_complete()


async def _is_up(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
