"""Many callers at once, and the figures of their calls."""

from __future__ import annotations

from agentrun.simulate.bench.load import Figures
from agentrun.simulate.bench.measure import measure
from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.results.report import Report, Turn
from agentrun.simulate.caller.script import Script
from tests.simulate.caller.agent import ToneAgent, answering
from tests.simulate.caller.test_conversation import utterance


async def test_calls_are_placed_at_once_by_callers_of_their_own() -> None:
    ended: list[int] = []
    script = Script((utterance("a.wav"),), silence=0.3)
    async with answering(ToneAgent()) as agent:
        load = await measure(agent.url, Caller(), script, 3, done=lambda: ended.append(1))
    assert len({form["From"] for form in agent.forms}) == 3
    assert len(ended) == load.calls == 3
    assert (len(load.figures.greetings), len(load.figures.answers)) == (3, 3)
    assert load.as_json()["core_share_a_call"] is None


async def test_a_call_that_fails_is_told_and_the_others_count() -> None:
    agent = ToneAgent(hangs_up=True)
    script = Script((utterance("a.wav"), utterance("b.wav", 3.0)), silence=0.2)
    async with answering(agent):
        load = await measure(agent.url, Caller(), script, 1)
    assert len(load.figures.failures) == 1
    assert load.as_json()["answers"]["count"] == 1


def test_answers_with_a_tool_are_a_figure_of_their_own() -> None:
    figures = Figures()
    turns = [
        Turn("agent", "Hello."),
        Turn("caller", "When?"),
        Turn("tool", "six", name="get_hours"),
        Turn("agent", "At six.", first_sound_ms=800.0),
        Turn("caller", "And where?"),
        Turn("agent", "Here.", first_sound_ms=500.0),
        Turn("agent", "Anything else?", first_sound_ms=900.0),
    ]
    report = Report("http://x", turns=turns, greeting_ms=120.0, clear_ms=90.0, barge_in_ms=150.0)
    report.gaps_ms, report.late_ms = [60, 140], 12
    figures.add(report)
    assert figures.as_json() == {
        "greetings": {"p50": 120, "p95": 120, "count": 1},
        "answers": {"p50": 500, "p95": 500, "count": 1},
        "with_tool": {"p50": 800, "p95": 800, "count": 1},
        "barge_ins": {"p50": 90, "p95": 90, "count": 1},
        "gaps_ms": [140],
        "failures": [],
        "late_ms": 12,
    }
