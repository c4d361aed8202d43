from __future__ import annotations

import asyncio
import base64
import json

import numpy as np
import pytest

from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError
from agentrun.transports.mulaw import decode
from tests.simulate.caller.agent import ToneAgent, answering, silence, tone

QUESTION = np.concatenate([silence(0.1), tone(0.2), silence(0.2)])


async def test_a_question_is_answered_after_the_greeting() -> None:
    async with answering(ToneAgent(greeting=0.4, answer=0.6)) as agent, Caller().call(agent.url) as call:
        greeting = await call.hear_greeting(5, 0.3)
        said = await call.say(QUESTION)
        answer = await call.hear_answer(5, 0.3)
    assert greeting.seconds == pytest.approx(0.4, abs=0.03)
    assert answer.seconds == pytest.approx(0.6, abs=0.03)
    assert said.speech_end - said.start == pytest.approx(0.3, abs=0.011)
    assert answer.first_sound_ms == pytest.approx((answer.started_at - said.speech_end) * 1000)
    assert answer.started_at > said.speech_end
    assert np.argmax(np.abs(np.fft.rfft(answer.pcm))) * 8_000 / len(answer.pcm) == pytest.approx(440, abs=5)
    assert (call.ended_by, call.mistakes) == ("caller", [])


async def test_the_stream_is_what_twilio_sends() -> None:
    async with answering(ToneAgent()) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
        await call.hang_up()
        messages = agent.messages[0]
    assert [message["event"] for message in messages[:3]] == ["connected", "start", "media"]
    assert messages[-1]["event"] == "stop"
    assert [int(message["sequenceNumber"]) for message in messages[1:]] == list(range(1, len(messages)))
    assert messages[1]["start"]["customParameters"] == {"token": "t1"}
    assert messages[1]["start"]["callSid"] == call.call_sid
    media = [message["media"] for message in messages if message["event"] == "media"]
    assert [int(part["chunk"]) for part in media] == list(range(1, len(media) + 1))
    assert [int(part["timestamp"]) for part in media] == [20 * number for number in range(len(media))]
    assert {base64.b64decode(part["payload"]) for part in media} == {bytes([0xFF]) * 160}
    assert {message["streamSid"] for message in messages[1:]} == {call.stream_sid}


async def test_a_mark_comes_back_when_the_sound_before_it_was_heard() -> None:
    async with answering(ToneAgent(greeting=0.5)) as agent, Caller().call(agent.url) as call:
        greeting = await call.hear_greeting(5, 0.2)
        marks = [message for message in agent.messages[0] if message["event"] == "mark"]
    assert [message["mark"]["name"] for message in marks] == ["greeting"]
    assert [at for at, _ in call.marks] == pytest.approx([greeting.ended_at], abs=0.021)


async def test_an_agent_that_clears_falls_silent_and_is_answered_again() -> None:
    async with answering(ToneAgent(answer=4.0)) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
        await call.say(QUESTION)
        await call.until(lambda: len(call.received) > 20)
        agent.answer = 0.4
        cut = await call.barge_in(QUESTION, after=0.3)
        again = await call.hear_answer(5, 0.3)
    assert cut.speaking
    assert cut.cleared_ms is not None
    assert cut.silenced_ms is not None
    assert 0 <= cut.silenced_ms < 1_000
    assert cut.heard.seconds < 2.0
    assert again.started_at > cut.said.speech_end
    assert again.seconds == pytest.approx(0.4, abs=0.03)
    assert len(call.clears) == 1


async def test_an_agent_that_speaks_on_is_not_silenced() -> None:
    async with (
        answering(ToneAgent(answer=4.0, interruptible=False)) as agent,
        Caller().call(agent.url) as call,
    ):
        await call.hear_greeting(5, 0.2)
        await call.say(QUESTION)
        cut = await call.barge_in(QUESTION, after=0.2, silence_timeout=0.8)
    assert (cut.speaking, cut.silenced_ms, cut.cleared_ms) == (True, None, None)


async def test_an_answer_that_ends_while_it_is_interrupted_is_told_from_the_next_one() -> None:
    async with (
        answering(ToneAgent(answer=0.5, endpointing=0.4, interruptible=False)) as agent,
        Caller().call(agent.url) as call,
    ):
        await call.hear_greeting(5, 0.2)
        await call.say(QUESTION)
        cut = await call.barge_in(QUESTION, after=0.3)
        again = await call.hear_answer(5, 0.3)
    assert cut.silenced_ms is not None
    assert cut.heard.seconds == pytest.approx(0.5, abs=0.03)
    assert again.seconds == pytest.approx(0.5, abs=0.03)
    assert again.started_at > cut.said.speech_end


async def test_an_answer_that_is_over_can_not_be_interrupted() -> None:
    async with answering(ToneAgent(answer=0.1)) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
        await call.say(QUESTION)
        cut = await call.barge_in(QUESTION, after=1.0)
        again = await call.hear_answer(5, 0.2)
    assert (cut.speaking, cut.silenced_ms) == (False, None)
    assert again.started_at > cut.said.speech_end


async def test_an_agent_without_a_word_is_no_answer() -> None:
    async with answering(ToneAgent(greeting=0, answer=0)) as agent, Caller().call(agent.url) as call:
        with pytest.raises(NoAnswerError, match=r"within 0\.3 s"):
            await call.hear_greeting(0.3)
        await call.say(QUESTION)
        with pytest.raises(NoAnswerError, match="did not answer"):
            await call.hear_answer(0.3)


async def test_a_slow_agent_is_waited_for() -> None:
    async with answering(ToneAgent(delay=1.0)) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
        await call.say(QUESTION)
        answer = await call.hear_answer(5, 0.2)
    assert answer.first_sound_ms > 1_000


async def test_the_caller_may_hang_up_in_mid_sentence() -> None:
    async with answering(ToneAgent()) as agent, Caller().call(agent.url) as call:
        speaking = asyncio.create_task(call.say(tone(5.0)))
        await call.wait(0.2)
        await call.hang_up()
        with pytest.raises(CallOverError, match="the caller hung up"):
            await speaking
        with pytest.raises(CallOverError):
            await call.press("1")
        assert agent.messages[0][-1]["event"] == "stop"
    assert call.timeline.seconds < 2.0


async def test_a_dropped_connection_ends_without_stop() -> None:
    async with answering(ToneAgent()) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
        call.drop()
        await call.until(lambda: False)
    assert call.ended_by == "error"
    assert "stop" not in {message["event"] for message in agent.messages[0]}


@pytest.mark.parametrize(("code", "by"), [(1000, "agent"), (1001, "server"), (1011, "error")])
async def test_who_ended_the_call_is_read_from_the_code(code: int, by: str) -> None:
    async with (
        answering(ToneAgent(hangs_up=True, close_code=code)) as agent,
        Caller().call(agent.url) as call,
    ):
        await call.say(QUESTION)
        heard = await call.hear_answer(5, 5)
    assert heard.seconds == pytest.approx(0.3, abs=0.03)
    assert call.ended_by == by
    assert str(code) in call.reason


async def test_sound_that_the_end_of_the_call_cuts_off_is_counted() -> None:
    async with answering(ToneAgent(greeting=2.0)) as agent, Caller().call(agent.url) as call:
        await call.until(lambda: call.timeline.first_sound(0.0) is not None)
        call.complete()
    assert call.ended_by == "agent"
    assert 1.0 < call.unheard < 2.0


async def test_keys_are_sent_in_order() -> None:
    async with answering(ToneAgent()) as agent, Caller().call(agent.url) as call:
        await call.press("1*#", gap=0.02)
        with pytest.raises(ValueError, match="'x' is not a key"):
            await call.press("12x")
    keys = [message["dtmf"]["digit"] for message in agent.messages[0] if message["event"] == "dtmf"]
    assert keys == ["1", "*", "#"]


async def test_jitter_delays_frames_but_keeps_their_order() -> None:
    async with (
        answering(ToneAgent()) as agent,
        Caller(jitter=0.2, seed=1).call(agent.url) as call,
    ):
        await call.say(tone(0.3))
        await call.hang_up()
    media = [message["media"] for message in agent.messages[0] if message["event"] == "media"]
    assert [int(part["chunk"]) for part in media] == list(range(1, len(media) + 1))
    sound = b"".join(base64.b64decode(part["payload"]) for part in media)
    assert np.array_equal(decode(sound), decode(call.timeline.said))


async def test_mistakes_of_the_agent_are_kept_and_the_call_goes_on() -> None:
    words = ("junk", b"\x01", json.dumps({"event": "clear", "streamSid": "MZ-other"}))
    async with answering(ToneAgent(first_words=words)) as agent, Caller().call(agent.url) as call:
        await call.hear_greeting(5, 0.2)
    assert len(call.mistakes) == 3
    assert call.clears == []


async def test_two_calls_at_once_do_not_mix() -> None:
    async def talk(url: str, seconds: float) -> tuple[str, float]:
        async with Caller().call(url) as call:
            await call.hear_greeting(5, 0.2)
            said = await call.say(np.concatenate([tone(seconds), silence(0.3)]))
            await call.hear_answer(5, 0.2)
            return call.call_sid, said.speech_end - said.speech_start

    async with answering(ToneAgent()) as agent:
        first, second = await asyncio.gather(talk(agent.url, 0.2), talk(agent.url, 0.6))
    assert first[0] != second[0]
    assert (first[1], second[1]) == pytest.approx((0.2, 0.6), abs=0.03)
    assert len(agent.messages) == 2


async def test_nothing_is_left_running_after_a_call() -> None:
    async with answering(ToneAgent()) as agent:
        before = asyncio.all_tasks()
        async with Caller().call(agent.url) as call:
            await call.wait(0.1)
            inside = asyncio.all_tasks() - before
        assert inside
        assert not [task for task in inside if not task.done() and "uvicorn" not in repr(task)]
