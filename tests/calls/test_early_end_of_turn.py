"""What begins at a pause, before the end of speech is certain; turns that hold until all is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE, Samples
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, open_hasty_desk

HALVES = ("Hello there,", "how are you doing today?")
SLOW = 0.8
"""Seconds: the first half is written down while the caller says the second."""

PATIENT = {"turns.stop": "500ms"}
"""A pause of 200 ms is surely shorter."""


def with_pause(seconds: float) -> Samples:
    """The question twice, with a pause between its words."""
    question = from_file(QUESTION)
    words = question.samples[int(question.start * RATE) : int(question.end * RATE)]
    lead = np.zeros(RATE // 5, np.int16)
    return np.concatenate([lead, words, np.zeros(int(seconds * RATE), np.int16), words, lead])


async def greeted(desk: Desk, call: PhoneCall) -> None:
    await call.hear_greeting(silence=0.6)
    desk.hearing.heard.clear()


def said_by_caller(desk: Desk) -> list[str]:
    """The caller's words in what the model was last asked."""
    messages = desk.brain.asked[-1].messages
    return [str(message["content"]) for message in messages if message["role"] == "user"]


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"turns.early": "none"},
        {"turns.detection": "silence", "turns.silence": "300ms"},
        {"pipeline.stt.model": "openai/gpt-4o-transcribe", "pipeline.stt.streaming": "true"},
    ],
    ids=["early", "late", "silence", "streaming"],
)
async def test_a_pause_does_not_cut_a_question_in_two(tmp_path: Path, overrides: dict[str, str]) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, OPEN], heard=HALVES, overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await greeted(desk, call)
            desk.openai.conditions.latency["transcriptions"] = SLOW
            await call.say(with_pause(0.45))
            await call.hear_answer()
        record = await desk.finished(call)
    assert len(desk.brain.asked) == 2
    assert " ".join(HALVES) in " ".join(said_by_caller(desk))
    assert [entry.text for entry in record.transcript if entry.who == "agent"] == [HELLO.text, OPEN.text]


async def answered(folder: Path, early: str) -> tuple[Desk, float]:
    """How long transcription was waited for after the end of speech, in ms."""
    async with open_hasty_desk(folder, [HELLO, OPEN], overrides={"turns.early": early}) as desk:
        async with desk.caller.call(desk.url) as call:
            await greeted(desk, call)
            desk.openai.conditions.latency["transcriptions"] = 0.5
            await call.say(QUESTION)
            await call.hear_answer()
        [turn] = (await desk.finished(call)).turns
    return desk, turn.stages["stt"]


async def test_a_question_is_asked_for_once_and_its_transcription_begins_at_the_pause(tmp_path: Path) -> None:
    late, waited = await answered(tmp_path, "turn")
    early, waited_less = await answered(tmp_path, "all")
    assert len(early.hearing.heard) == len(late.hearing.heard) == 1
    assert waited - waited_less > 50


async def test_a_transcription_is_withdrawn_when_the_caller_goes_on_and_is_paid_for(
    tmp_path: Path,
) -> None:
    heard = ["Half of it", "All of it."]
    async with open_hasty_desk(tmp_path, [HELLO, OPEN], heard=heard, overrides=PATIENT) as desk:
        async with desk.caller.call(desk.url) as call:
            await greeted(desk, call)
            desk.openai.conditions.latency["transcriptions"] = 0.3
            await call.say(with_pause(0.2))
            await call.hear_answer()
        record = await desk.finished(call)
    assert said_by_caller(desk) == ["All of it."]
    assert len(desk.hearing.heard) == 2
    used = next(used for name, used in record.usage.items() if name.startswith("stt"))
    assert used["seconds"] == pytest.approx(sum(desk.hearing.heard), abs=0.6)


async def test_a_call_that_ends_in_a_pause_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO], heard=["Half of it"], overrides=PATIENT) as desk:
        async with desk.caller.call(desk.url) as call:
            await greeted(desk, call)
            desk.openai.conditions.latency["transcriptions"] = 30.0
            await call.say(with_pause(0.2)[: -RATE // 5])
            await call.wait(0.15)
        record = await desk.finished(call)
    assert record.ended_by == "caller"
    assert record.errors == []
