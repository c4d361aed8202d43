from __future__ import annotations

import numpy as np
import pytest

from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.conversation import CallProgress, hold
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.script import Script, Utterance
from agentrun.simulate.caller.sound import speech
from tests.simulate.caller.agent import ToneAgent, answering, silence, tone


def utterance(name: str, seconds: float = 0.2) -> Utterance:
    sound = np.concatenate([tone(seconds), silence(0.3)])
    return Utterance(speech.from_samples(sound), wav=name)


async def held(agent: ToneAgent, script: Script) -> tuple[PhoneCall, CallProgress]:
    async with answering(agent), Caller().call(agent.url) as call:
        return call, await hold(call, script)


async def test_utterances_are_spoken_one_after_the_other_s_answer() -> None:
    told: list[str] = []
    script = Script((utterance("a.wav"), utterance("b.wav")), silence=0.3)
    async with answering(ToneAgent()) as agent, Caller().call(agent.url) as call:
        course = await hold(call, script, told.append)
    greeting, first, second = course.exchanges
    assert greeting.heard is not None
    assert first.heard is not None
    assert second.said is not None
    assert second.heard is not None
    assert second.said.start > first.heard.ended_at
    assert course.failure == ""
    assert told == ["waiting for the greeting", "saying a.wav", "listening", "saying b.wav", "listening"]


async def test_without_utterances_the_greeting_is_heard() -> None:
    call, course = await held(ToneAgent(), Script())
    assert len(course.exchanges) == 1
    assert (course.failure, call.ended_by) == ("", "caller")


async def test_a_missing_greeting_is_a_failure() -> None:
    _, course = await held(ToneAgent(greeting=0), Script((utterance("a.wav"),), timeout=0.3))
    assert "said nothing when it was called" in course.failure


async def test_the_caller_may_speak_first() -> None:
    script = Script((utterance("a.wav"),), greeting=False, silence=0.3)
    _, course = await held(ToneAgent(greeting=0), script)
    assert course.failure == ""
    assert course.exchanges[0].heard is None
    assert course.exchanges[1].heard is not None


async def test_a_missing_answer_is_a_failure_and_ends_the_call() -> None:
    script = Script((utterance("a.wav"), utterance("b.wav")), timeout=0.5, silence=0.3)
    call, course = await held(ToneAgent(answer=0), script)
    assert "did not answer within 0.5 s" in course.failure
    assert len(course.exchanges) == 2
    assert call.ended_by == "caller"


async def test_an_agent_that_hangs_up_before_the_last_question_is_a_failure() -> None:
    script = Script((utterance("a.wav"), utterance("b.wav", 3.0)), silence=0.2)
    _, course = await held(ToneAgent(hangs_up=True), script)
    assert "1000" in course.failure


async def test_the_last_answer_is_interrupted() -> None:
    script = Script((utterance("a.wav"),), utterance("stop.wav"), silence=0.3)
    _, course = await held(ToneAgent(answer=2.0), script)
    assert course.failure == ""
    assert course.barge_in is not None
    assert course.barge_in.silenced_ms is not None
    _, cut, after = course.exchanges
    assert cut.heard is not None
    assert cut.heard.seconds < 1.7
    assert after.utterance is not None
    assert after.utterance.name == "stop.wav"
    assert after.heard is not None


async def test_the_greeting_is_interrupted_when_nothing_else_is_said() -> None:
    _, course = await held(
        ToneAgent(greeting=2.0, answer=0.3), Script(barge_in=utterance("stop.wav"), silence=0.3)
    )
    greeting = course.exchanges[0].heard
    assert greeting is not None
    assert greeting.seconds < 1.7
    assert course.failure == ""


async def test_an_agent_that_can_not_be_interrupted_is_a_failure() -> None:
    script = Script((utterance("a.wav"),), utterance("stop.wav"), silence=0.3)
    _, course = await held(ToneAgent(answer=6.0, interruptible=False), script)
    assert "spoke on" in course.failure


@pytest.mark.parametrize("answer", [5.0, 0.0], ids=["in the answer", "before the answer"])
async def test_hanging_up_at_a_time_is_no_failure(answer: float) -> None:
    script = Script((utterance("a.wav"),), hang_up_after=1.8, silence=0.3)
    call, course = await held(ToneAgent(answer=answer, greeting=0.1), script)
    assert course.failure == ""
    assert call.ended_by == "caller"
    assert call.timeline.seconds == pytest.approx(1.8, abs=0.05)


async def test_the_caller_stays_on_the_line_until_the_time_to_hang_up() -> None:
    script = Script(hang_up_after=2.5)
    call, course = await held(ToneAgent(greeting=0.1), script)
    assert call.timeline.seconds == pytest.approx(2.5, abs=0.05)
    assert len(course.exchanges) == 1


async def test_a_question_asked_twice_waits_for_its_first_answer_too() -> None:
    again = utterance("a.wav")
    _, course = await held(ToneAgent(answer=2.0), Script((again, again), again, silence=0.3))
    assert course.failure == ""
    _, first, cut, _ = course.exchanges
    assert first.heard is not None
    assert first.heard.seconds > 1.9
    assert cut.heard is not None
    assert cut.heard.seconds < 1.7
