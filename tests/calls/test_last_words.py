"""Nobody is hung up on without a word: where the last words are not heard, the apology is, and in full."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, QUESTION, SOUND
from tests.calls.fault_rows.row import APOLOGY, MOST_SILENCE, REPEAT
from tests.calls.quick import QuickCall, Talk, calls, quick_call

HANG_UP = "tools: [hang_up]\n"
TIME_IS_UP = [
    ("limits.max_duration", "12s"),
    ("limits.goodbye", "Our time is up."),
    ("limits.warn_before", "0s"),
]
ASKED = "When are you open?"


def play(folder: Path, answers: list[Answer], talk: Talk, style: str = "cascaded", **more: Any) -> Any:
    """A call until it has ended: itself, and how long before its end the caller heard the last sound."""

    async def run() -> tuple[QuickCall, float, float]:
        clock = asyncio.get_running_loop().time
        async with (
            Resources() as resources,
            quick_call(
                *(folder, style, [], answers),
                resources=resources,
                **{"apology": SOUND, "prompts": PROMPTS.format("{say: Hello.}"), **more},
            ) as call,
        ):
            await talk(call)
            await call.until(call.session.parts.worker.has_finished, 60)
            last = call.transport._output.sounds[-1]
        return call, last[0], clock() - last[1]

    return virtual_time.run(run())


@pytest.mark.parametrize("kind", ["status", "hang", "empty"])
def test_a_goodbye_that_the_voice_fails_at_is_followed_by_the_apology(tmp_path: Path, kind: Any) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["speech"] = Fault(kind)
        await call.say("Bye.")

    call, _, _ = play(tmp_path, [calls("hang_up", goodbye="Goodbye then.")], talk, more=HANG_UP)
    assert call.agent_words == ["Hello.", APOLOGY]
    assert call.record.errors


def test_a_goodbye_that_is_heard_is_followed_by_nothing(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["speech"] = Fault("status", status=400, times=1)
        await call.say(ASKED)
        await call.said(REPEAT)
        await call.say(ASKED)
        await call.said("We are open.")
        await call.say("Bye.")

    answers = [Answer("We are open."), Answer("We are open."), calls("hang_up", goodbye="Goodbye then.")]
    call, _, _ = play(tmp_path, answers, talk, more=HANG_UP)
    assert call.agent_words[-2:] == ["We are open.", "Goodbye then."]
    assert call.record.ended_by == "agent"


def test_who_hears_nothing_of_a_refused_sentence_is_asked_again_soon(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["speech"] = Fault("status", status=400, times=1)
        asked = asyncio.get_running_loop().time()
        await call.say(ASKED)
        await call.until(lambda: call.speaking)
        waited.append(asyncio.get_running_loop().time() - asked)
        await call.said(REPEAT)
        call.session.farewell("", "it is late")

    waited: list[float] = []
    play(tmp_path, [Answer("We are open.")], talk)
    assert waited[0] < 4.0


def test_who_hears_half_an_answer_twice_is_asked_again_and_the_call_goes_on(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        # each sentence is asked for twice
        call.openai.conditions.faults["speech"] = Fault("cut", after=14_400, times=4)
        await call.say(ASKED)
        await call.said(REPEAT)
        await call.say(ASKED)
        await call.said("From six.")
        call.session.farewell("", "it is late")

    call, _, _ = play(
        tmp_path,
        [Answer("We are open from six."), Answer("We are open until ten."), Answer("From six.")],
        talk,
    )
    assert call.record.ended_by != "error"
    assert len(call.record.errors) == 4


def test_the_end_of_the_longest_duration_is_told_of_although_the_voice_hangs(tmp_path: Path) -> None:
    asked = 0.0

    async def talk(call: QuickCall) -> None:
        nonlocal asked
        await asyncio.sleep(6)
        call.openai.conditions.faults["speech"] = Fault("hang")
        asked = asyncio.get_running_loop().time()
        await call.say(ASKED)

    call, began, _ = play(tmp_path, [Answer("At six.")], talk, overrides=TIME_IS_UP)
    assert call.agent_words[-1] == APOLOGY
    assert began - asked < MOST_SILENCE + 1
    assert call.record.reason == "the call reached its longest duration"
    assert "the last words of the call were not heard" in call.record.errors


def test_last_words_that_a_realtime_model_never_begins_are_followed_by_the_apology(tmp_path: Path) -> None:
    asked = 0.0

    async def talk(call: QuickCall) -> None:
        nonlocal asked
        call.openai.conditions.faults["responses"] = Fault("hang")
        asked = asyncio.get_running_loop().time()
        call.session.farewell("Our time is up.", "it is late")

    call, began, _ = play(tmp_path, [], talk, "realtime")
    assert call.agent_words == ["Hello.", APOLOGY]
    assert began - asked < MOST_SILENCE
    assert call.record.ended_by == "agent"
    assert "the last words of the call were not heard" in call.record.errors


def test_a_call_does_not_wait_for_the_words_of_a_transcription_that_hangs(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["transcriptions"] = Fault("hang")
        for _ in range(2):
            await call.play(QUESTION)
        await call.until(call.session.is_over, 30)

    call, _, left = play(tmp_path, [], talk, detection="silence")
    assert call.agent_words[-1] == APOLOGY
    assert left < 3.0


@pytest.mark.parametrize("detection", ["transcription", "silence"])
@pytest.mark.parametrize("moment", ["before its first sound", "in the middle of it"])
def test_an_apology_by_the_agent_s_own_voice_is_not_cut_off(
    tmp_path: Path, detection: str, moment: str
) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["chat"] = Fault("status", status=401, times=1)
        call.openai.conditions.latency["speech"] = 0.8
        await call.say(ASKED)
        await call.until(call.session.is_over if moment.startswith("before") else lambda: call.speaking)
        await asyncio.sleep(0.3)
        if detection == "silence":
            await call.play(QUESTION)
        else:
            await call.say("Hello? Wait!")

    words = "I am sorry, but I can't go on with this call now. Please call again in a few minutes."
    given: Any = {"apology": None, "detection": detection, "overrides": [("prompts.apology", words)]}
    call, _, _ = play(tmp_path, [Answer("We are open.")] * 3, talk, **given)
    said = [entry for entry in call.record.transcript if entry.who == "agent"]
    assert [(entry.text, entry.interrupted) for entry in said] == [("Hello.", False), (words, False)]
    # all of it went out: the voice takes 150 ms a word
    heard = sum(end - begin for begin, end in call.transport._output.sounds)
    assert heard > 0.15 * len(f"Hello. {words}".split())
    assert call.record.ended_by == "error"


@pytest.mark.parametrize(("late", "words"), [(3, ["My number is five."]), (30, [])])
def test_what_a_caller_said_last_is_written_down_behind_the_call(
    tmp_path: Path, late: int, words: list[str]
) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["transcriptions"] = Fault("late", after=late)
        await call.play(QUESTION[:-50_000])
        call.session.farewell("Goodbye.", "it is late")
        await call.play(bytes(640_000), call.session.parts.worker.has_finished)
        silence.append(asyncio.get_running_loop().time() - call.transport._output.sounds[-1][1])

    silence: list[float] = []
    call, _, _ = play(
        tmp_path, [], talk, heard=["My number is five."], turns="interruptions: false, ", detection="silence"
    )
    said = [entry.text for entry in call.record.transcript if entry.who == "caller"]
    assert said == words
    assert silence[0] < 3.5, "nobody is kept on the line for them"
    assert bool(call.record.errors) != bool(words)
    assert not call.record.errors or "the caller's last words are not written down" in call.record.errors[-1]
