"""A call that our own server lets in, and that the ejected folder answers as at Pipecat Cloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agentrun.cli import deploying
from agentrun.cli.commands import eject
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import TwilioServer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, QUESTION, SPEC, until
from tests.host.bot_process import image_server
from tests.server.dispatch.cloud import Cloud

DAYS = ", ".join(f"{day}: '00:00-24:00'" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
HOURS = f"hours: {{zone: UTC, open: {{{DAYS}}}}}\n"
LIMITS = "limits: {calls: 1, calls_per_caller: 1}\n"
TOKEN = "a-token-of-twilio"


def ejected(folder: Path, *more: str) -> Path:
    """The desk with limits, written for Pipecat Cloud."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    (folder / "desk.yaml").write_text(SPEC + LIMITS + HOURS)
    out = folder / "out"
    options = ["--target", "pipecat-cloud", "--organization", "three-words", *more]
    done = CliRunner().invoke(eject.command, [str(folder / "desk.yaml"), "--to", str(out), *options])
    if done.exception:
        raise done.exception
    return out


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_call_goes_through_our_webhook_to_a_session_there_and_its_place_is_free_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)
    out = ejected(tmp_path, "--dispatched")
    brain, hearing = ScriptedBrain([HELLO, LOOK_UP, OPEN]), ScriptedHearing(("When are you open?",))
    twilio = TwilioServer()
    async with OpenAIServer(hearing, ToneVoice(), brain) as openai, twilio:
        there = {
            "OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "AGENTRUN_RECORDS": "none",
            "TWILIO_ACCOUNT_SID": Caller.account_sid, "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": twilio.base_url,
        }  # fmt: skip
        async with image_server(out, there) as (_, pod), Cloud(pod).up() as cloud:
            here = {"TWILIO_AUTH_TOKEN": TOKEN, **cloud.environ}
            options = Options(port=0, dispatch="pipecat-cloud")
            async with running_server([tmp_path / "desk.yaml"], here, options) as server:
                caller, admission = Caller(auth_token=TOKEN), server.switchboard.admission
                async with caller.call(f"{server.url}/desk") as call:
                    await call.hear_greeting()
                    assert admission.held == 1
                    with pytest.raises(RefusedError, match="hung up without listening"):
                        async with caller.call(f"{server.url}/desk"):
                            pytest.fail("a second call was let in")
                    await call.say(QUESTION)
                    await call.hear_answer()
                await until(lambda: admission.held == 0, 20)
                assert server.switchboard.live == 0
    brain.assert_complete()
    assert cloud.streams == ["desk.three-words"]
