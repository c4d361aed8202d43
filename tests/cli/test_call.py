from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from agentrun.cli.commands import call
from agentrun.cli.main import main
from agentrun.cli.options import spoken_input
from agentrun.errors import AgentRunError
from agentrun.simulate.caller.offline_engines import OfflineEngines
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.caller.sound.speech import Speech
from tests import programs
from tests.simulate.caller.agent import ToneAgent, answering, silence, tone

RECORD = {"ended": "2026-01-01T00:00:00+00:00", "transcript": [{"at": 0.5, "who": "agent", "text": "Hello!"}]}


@pytest.fixture
def wav(tmp_path: Path) -> str:
    path = tmp_path / "question.wav"
    soundfile.write(path, np.concatenate([tone(0.2), silence(0.3)]), 8_000)
    return str(path)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["call", *arguments], standalone_mode=False)


async def called(agent: ToneAgent, *arguments: str) -> Result:
    agent.records = {"*": RECORD}
    async with answering(agent):
        return await asyncio.to_thread(invoke, agent.url, *arguments)


async def test_a_call_prints_one_json_object_and_exits_with_0(wav: str, tmp_path: Path) -> None:
    out = tmp_path / "call.wav"
    result = await called(ToneAgent(), "--wav", wav, "--silence", "300ms", "--json", "--out", str(out))
    assert result.return_value == 0
    data = json.loads(result.stdout)
    assert data["answered"] is True
    assert data["turns"][0]["text"] == "Hello!"
    assert data["turns"][1]["wav"] == wav
    assert data["turns"][2]["first_sound_ms"] > 0
    assert soundfile.info(out).channels == 2


async def test_a_call_prints_lines_that_are_plain_away_from_a_terminal(wav: str) -> None:
    result = await called(ToneAgent(), "--wav", wav, "--silence", "300ms")
    assert result.return_value == 0
    assert "\x1b" not in result.output
    assert "Hello!" in result.output


async def test_an_agent_that_does_not_answer_is_exit_1(wav: str) -> None:
    result = await called(ToneAgent(answer=0), "--wav", wav, "--timeout", "300ms")
    assert result.return_value == 1
    assert "failed: the agent did not answer within 0.3 s" in result.output


async def test_an_agent_that_refuses_is_exit_1_in_json_too() -> None:
    result = await called(ToneAgent(twiml="<Response><Reject/></Response>"), "--json")
    assert result.return_value == 1
    assert json.loads(result.stdout)["answered"] is False


async def test_hanging_up_early_is_exit_0(wav: str) -> None:
    result = await called(ToneAgent(greeting=5.0), "--wav", wav, "--hang-up-after", "500ms", "--json")
    assert result.return_value == 0
    assert json.loads(result.stdout)["ended_by"] == "caller"


async def test_a_call_comes_from_the_number_that_is_given() -> None:
    agent = ToneAgent()
    await called(agent, "--from", "+12025550111")
    assert agent.forms[0]["From"] == "+12025550111"


async def test_the_token_of_the_environment_signs_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    agent = ToneAgent()
    await called(agent)
    assert agent.signatures[0][1]


def test_sounds_and_words_keep_the_order_of_the_command_line(
    wav: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(_self: OfflineEngines, text: str) -> Speech:
        return speech.from_samples(tone(0.1 * len(text)))

    monkeypatch.setattr(OfflineEngines, "speak", speak)
    context = call.command.make_context(
        "call", ["http://127.0.0.1:1/x", "--say", "a", f"--wav={wav}", "--say=bb", "--timeout", "2s"]
    )
    asked: dict[str, Any] = {
        key: value for key, value in context.params.items() if key in spoken_input.SpokenInput.__annotations__
    }
    order = spoken_input.order_of(context)
    script = asyncio.run(
        spoken_input.SpokenInput(order, **asked).script(OfflineEngines(), lambda _text: None)
    )
    assert [each.text or each.name for each in script.utterances] == ["a", "question.wav", "bb"]
    assert script.timeout == 2.0


@pytest.mark.parametrize("value", ["3", "soon", "-1s", ""])
def test_a_duration_needs_its_unit(value: str) -> None:
    result = CliRunner().invoke(main, ["call", "x.yaml", "--timeout", value])
    assert result.exit_code == 2
    assert "is not a duration: write 800ms" in result.output


def test_a_missing_sound_file_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["call", "http://127.0.0.1:1/x", "--wav", "nowhere.wav"])
    assert result.exit_code == 2
    assert "nowhere.wav" in result.output


def test_a_silent_sound_file_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", silence(0.5), 8_000)
    with pytest.raises(AgentRunError, match=r"quiet\.wav holds no speech"):
        raise invoke("http://127.0.0.1:1/x", "--wav", str(tmp_path / "quiet.wav")).exception or AssertionError


def test_a_folder_that_is_not_there_is_named_before_the_call(tmp_path: Path) -> None:
    result = invoke("http://127.0.0.1:1/x", "--out", str(tmp_path / "nowhere" / "call.wav"))
    assert isinstance(result.exception, AgentRunError)
    assert "there is no folder" in result.exception.message


async def test_ctrl_c_hangs_up_and_is_exit_130() -> None:
    async with answering(ToneAgent()) as agent:
        process = await programs.start("call", agent.url, "--hang-up-after", "60s")
        while not agent.messages or len(agent.messages[0]) < 10:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    assert agent.messages[0][-1]["event"] == "stop"


def test_help_does_not_import_pipecat_or_the_caller() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from agentrun.cli.main import main; "
        "assert CliRunner().invoke(main, ['call', '--help']).exit_code == 0; "
        "sys.exit(any(name.split('.')[0] in ('pipecat', 'numpy', 'uvloop') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
