"""The folder that `eject --target pipecat-cloud` writes, in a server that keeps their documented contract."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

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
from tests.host.bot_process import image_server, only, pipecat_runner
from tests.host.gateway import Gateway
from tests.server.records.receiver import SECRET, Receiver


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


def secrets_of(folder: Path) -> set[str]:
    """The variables that the example of the secrets asks for."""
    text = (folder / "secrets.env.example").read_text()
    return set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))


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
        async with image_server(out, secrets | here) as (process, pod):
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
    async with OpenAIServer(ScriptedHearing(("Hello.",)), ToneVoice(), brain) as openai:
        given = only(OPENAI_API_KEY="test", OPENAI_BASE_URL=openai.base_url)
        async with pipecat_runner(out, given) as (_, address):
            gateway = Gateway((out / "twiml-bin.xml").read_text(), address)
            async with gateway.up() as url, Caller().call(f"{url}/desk") as call:
                heard = await call.hear_greeting(timeout=30)
    assert heard.seconds > 0
    brain.assert_complete()
