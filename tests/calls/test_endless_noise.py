"""Who waits beside a noise that is taken for their voice, and does not end, is not left in silence."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from tests.calls.fault_rows.play import PROMPTS, QUESTION, SOUND
from tests.calls.fault_rows.row import APOLOGY, MOST_SILENCE, REPEAT
from tests.calls.quick import QuickCall, calls, quick_call

LONG = Answer("Once upon a time there was a cook who lived by the sea. " * 6)
NOISE = QUESTION[20_800:44_800]
"""What the voice detector takes for a voice, without a pause."""
STREAMS = [("pipeline.stt.streaming", "true")]
WAYS = pytest.mark.parametrize("overrides", [[], STREAMS], ids=["whole utterances", "streaming"])
WORDS = "And then I went home, and there I was, and nobody had told me anything."


@tool(timeout=60)
async def look_up() -> str:
    """Look it up."""
    await asyncio.sleep(12)
    return "six"


async def make_noise(call: QuickCall, seconds: float) -> None:
    """In real time, and silence behind it; no longer than the call."""
    sound = NOISE * round(seconds * 32_000 / len(NOISE)) + bytes(64_000)
    await call.play(sound, call.session.is_over)


def play(folder: Path, answers: list[Answer], seconds: float, **more: Any) -> tuple[float, CallRecord]:
    """A call with a noise over its first answer: the longest silence in it, and its record."""
    fault = more.pop("fault", None)

    async def talk() -> tuple[float, CallRecord]:
        clock = asyncio.get_running_loop().time
        async with (
            Resources() as resources,
            quick_call(
                *(folder, "cascaded", [build(look_up, "desk")], answers),
                resources=resources,
                detection="silence",
                prompts=PROMPTS.format("{say: Hello.}"),
                apology=SOUND,
                **{"heard": [""], **more},
            ) as call,
        ):
            if fault:
                call.openai.conditions.faults["chat"] = fault
            await call.say("When are you open?")
            await asyncio.sleep(1.0)
            await make_noise(call, seconds)
            await asyncio.sleep(2.0)
            ended = clock()
            sounds = call.transport._output.sounds
        edges = [*sounds, (ended, ended)]
        return max(begin - end for (begin, _), (_, end) in zip(edges[1:], edges, strict=False)), call.record

    return virtual_time.run(talk())


def said(record: CallRecord) -> list[str]:
    return [entry.text for entry in record.transcript if entry.who == "agent"]


@WAYS
def test_an_answer_that_a_noise_without_an_end_has_cut_is_followed_by_a_question(
    tmp_path: Path, overrides: list[tuple[str, str]]
) -> None:
    silence, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 20, overrides=overrides)
    assert silence < MOST_SILENCE
    assert LONG.text.startswith(said(record)[1])
    assert said(record)[2] == REPEAT
    assert "of speech without a pause" in record.errors[0]


def test_a_tool_that_a_noise_without_an_end_has_cut_off_is_not_waited_for(tmp_path: Path) -> None:
    silence, record = play(tmp_path, [calls("look_up"), *[Answer("Yes.")] * 3], 20)
    assert silence < MOST_SILENCE
    assert REPEAT in said(record)


def test_a_model_that_hangs_is_given_up_over_a_noise_that_cuts_nothing_off(tmp_path: Path) -> None:
    answers = [Answer("Yes.")] * 3
    turns = "interruptions: false"
    silence, record = play(tmp_path, answers, 20, turns=turns, fault=Fault("hang"))
    assert silence < MOST_SILENCE
    assert said(record)[-1] == APOLOGY
    assert "llm_late" in str(record.reason)


def test_an_ear_that_fails_beside_it_leaves_nobody_in_silence(tmp_path: Path) -> None:
    faults: Any = {"transcriptions": Fault("hang")}
    silence, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 20, faults=faults)
    assert silence < MOST_SILENCE
    assert REPEAT in said(record)


def test_a_noise_that_never_ends_ends_the_call_with_the_apology(tmp_path: Path) -> None:
    silence, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 60)
    assert silence < MOST_SILENCE
    assert said(record)[2:] == [REPEAT] * 4 + [APOLOGY]
    assert record.ended_by == "error"


@WAYS
def test_somebody_who_speaks_without_a_pause_is_not_talked_into(
    tmp_path: Path, overrides: list[tuple[str, str]]
) -> None:
    _, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 25, heard=[WORDS], overrides=overrides)
    assert said(record)[2:] == ["Yes."]
    assert record.errors == []


def test_somebody_who_speaks_to_a_slow_ear_is_not_hung_up_on(tmp_path: Path) -> None:
    faults: Any = {"transcriptions": Fault("late", after=4)}
    _, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 60, heard=[WORDS], faults=faults)
    assert said(record).count(REPEAT) <= 1
    assert APOLOGY not in said(record)
    assert record.ended_by == "caller"


def test_an_ear_that_is_refused_amid_unbroken_speech_is_told_of(tmp_path: Path) -> None:
    faults: Any = {"transcriptions": Fault("status", status=429)}
    _, record = play(tmp_path, [LONG, *[Answer("Yes.")] * 3], 60, heard=[WORDS], faults=faults)
    assert "429" in record.errors[0]
    assert said(record)[-1] == APOLOGY
    assert "rate limit" in str(record.reason)
