"""What was heard of an answer is what is recorded, and what the model remembers: one place says both."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.records import Entry
from agentrun.records.invariants import violations
from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, Talk, played

COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
LONG = Answer(f"{COUNT.capitalize()}. {COUNT.capitalize()}. {COUNT.capitalize()}.")
WORDS_PER_SECOND = 1 / 0.15


def play(folder: Path, style: str, script: Talk) -> QuickCall:
    """A call on the clock that jumps, in which the model gives one long answer and short ones."""
    return played(folder, style, [], [LONG, *[Answer("Yes.")] * 4], script)


async def hear(call: QuickCall, seconds: float) -> float:
    """Ask, and listen to the answer for so long; gives when it began."""
    await call.say("Count.")
    await call.until(lambda: call.speaking)
    began = call.record.elapsed()
    await asyncio.sleep(seconds)
    return began


def remembered(call: QuickCall) -> list[str]:
    """What the agent has said, as the model's context has it."""
    messages = call.session.parts.pipeline.context.get_messages()
    return [str(m["content"]) for m in messages if isinstance(m, dict) and m["role"] == "assistant"]


def agent(call: QuickCall) -> list[Entry]:
    return [entry for entry in call.record.transcript if entry.who == "agent"]


def is_beginning(heard: str, seconds: float) -> bool:
    """Whether ``heard`` is what was said of the long answer in so many seconds."""
    words = heard.split()
    near = abs(len(words) - seconds * WORDS_PER_SECOND) <= 3 + 0.5 * WORDS_PER_SECOND
    return words == LONG.text.split()[: len(words)] and near


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seconds", [0.9, 3.5])
def test_the_answer_on_which_the_caller_hangs_up_is_there_as_far_as_it_was_heard(
    tmp_path: Path, style: str, seconds: float
) -> None:
    began = 0.0

    async def script(call: QuickCall) -> None:
        nonlocal began
        began = await hear(call, seconds)

    call = play(tmp_path, style, script)
    last = agent(call)[-1]
    assert is_beginning(last.text, seconds), last
    assert (last.interrupted, last.cut_by) == (True, "hang-up")
    assert last.at == pytest.approx(began, abs=0.25)
    assert remembered(call)[-1] == last.text
    assert violations(call.record.as_json()) == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seconds", [0.9, 3.5])
def test_an_answer_that_is_cut_is_dated_when_it_began_and_the_model_knows_it(
    tmp_path: Path, style: str, seconds: float
) -> None:
    began = 0.0

    async def script(call: QuickCall) -> None:
        nonlocal began
        began = await hear(call, seconds)
        await call.say("Stop.")
        await call.said("Yes.")

    call = play(tmp_path, style, script)
    cut = next(entry for entry in agent(call) if entry.interrupted)
    assert is_beginning(cut.text, seconds), cut
    assert cut.cut_by == "caller"
    assert cut.at == pytest.approx(began, abs=0.25)
    assert [entry.text for entry in agent(call)] == remembered(call)
    assert violations(call.record.as_json()) == []


@pytest.mark.parametrize("style", STYLES)
def test_an_answer_that_is_heard_to_its_end_is_whole_and_not_cut(tmp_path: Path, style: str) -> None:
    async def script(call: QuickCall) -> None:
        await call.say("Count.")
        await call.said(LONG.text)

    call = play(tmp_path, style, script)
    assert [(entry.text, entry.cut_by) for entry in agent(call)] == [("Hello.", ""), (LONG.text, "")]
    assert remembered(call)[-1] == LONG.text
    assert violations(call.record.as_json()) == []


def test_a_greeting_that_is_cut_in_its_first_sentence_is_remembered(tmp_path: Path) -> None:
    words = "Good evening, this is the trattoria of Rosa in the long street by the old harbour."

    async def talk(call: QuickCall) -> None:
        await call.until(lambda: call.speaking)
        await asyncio.sleep(0.9)
        await call.say("I would like to know something.")
        await call.said("Yes.")

    prompts = f'prompts: {{system: You answer., greeting: {{say: "{words}"}}}}'
    call = played(tmp_path, "cascaded", [], [Answer("Yes.")], talk, prompts=prompts, greeted=False)
    cut = agent(call)[0]
    assert cut.text
    assert words.startswith(cut.text)
    assert (cut.cut_by, cut.at < 1.0) == ("caller", True)
    told = [m["content"] for m in call.brain.asked[-1].messages if m["role"] == "assistant"]
    assert told == [cut.text]
