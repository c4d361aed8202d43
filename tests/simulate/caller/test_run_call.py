from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.run_call import run_call
from agentrun.simulate.caller.script import Script, Utterance
from agentrun.simulate.caller.sound import speech
from tests.simulate.caller.agent import ToneAgent, answering, silence, tone

QUESTION = Utterance(speech.from_samples(np.concatenate([tone(0.2), silence(0.3)])), wav="a.wav")
RECORD = {
    "ended": "2026-01-01T00:00:00+00:00",
    "transcript": [
        {"at": 0.5, "who": "agent", "text": "Hello!"},
        {"at": 2.4, "who": "caller", "text": "The scores?"},
        {"at": 2.5, "who": "tool", "text": "78:71", "name": "scores", "arguments": {}, "status": "done"},
        {"at": 3.0, "who": "agent", "text": "Duke won."},
    ],
}


async def test_a_call_ends_with_a_report_in_the_words_of_the_record(tmp_path: Path) -> None:
    out = tmp_path / "call.wav"
    async with answering(ToneAgent(records={"*": RECORD})) as agent:
        report = await run_call(agent.url, Caller(), Script((QUESTION,), silence=0.3), out=out)
    data = report.as_json()
    assert [(turn["who"], turn["text"]) for turn in data["turns"]] == [
        ("agent", "Hello!"),
        ("caller", "The scores?"),
        ("tool", "78:71"),
        ("agent", "Duke won."),
    ]
    assert data["turns"][1]["wav"] == "a.wav"
    assert data["turns"][3]["first_sound_ms"] > 0
    assert [tool["name"] for tool in data["tools"]] == ["scores"]
    assert (data["answered"], data["ended_by"], data["gaps_ms"]) == (True, "caller", [])
    assert data["greeting_ms"] > 0
    assert "failure" not in data
    samples, rate = soundfile.read(out)
    assert rate == 8_000
    assert samples.shape == (round(report.seconds * 8_000), 2)
    assert all(np.abs(samples[:, side]).max() > 0.2 for side in (0, 1))


async def test_a_server_without_records_is_reported_by_what_was_heard() -> None:
    async with answering(ToneAgent()) as agent:
        report = await run_call(agent.url, Caller(), Script((QUESTION,), silence=0.3))
    assert [(turn.who, turn.text) for turn in report.turns] == [
        ("agent", "(0.3 s of speech)"),
        ("caller", ""),
        ("agent", "(0.3 s of speech)"),
    ]


async def test_a_rejected_call_is_reported_with_what_the_caller_hears() -> None:
    async with answering(ToneAgent(twiml='<Response><Reject reason="busy"/></Response>')) as agent:
        report = await run_call(agent.url, Caller(), Script())
    data = report.as_json()
    assert (data["answered"], data["heard"], data["turns"]) == (False, "a busy signal", [])
    assert "busy" in data["failure"]


async def test_a_silent_agent_is_reported_as_not_answered() -> None:
    async with answering(ToneAgent(greeting=0)) as agent:
        report = await run_call(agent.url, Caller(), Script(timeout=0.3))
    assert not report.answered
    assert "said nothing" in report.failure
