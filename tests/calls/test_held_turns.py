"""`turns.interruptions: false`: what callers say over an answer is answered once, behind it, and watched."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.fault_rows.play import QUESTION
from tests.calls.quick import SILENCE, QuickCall, Talk, calls, played
from tests.calls.test_written_turns import LONG

FIRST, SECOND = "When are you open?", "And where are you?"
HERE = Answer("In Main Street.")
KEYS = "interruptions: false, keys: {menu: {2: And where are you?}}"


def play(
    folder: Path,
    answers: Sequence[Answer],
    conversation: Talk,
    turns: str = "interruptions: false",
    tools: Sequence[Tool] = (),
    **more: Any,
) -> QuickCall:
    """A cascaded call of a page, as it is when it has ended."""
    return played(folder, "cascaded", tools, answers, conversation, turns=turns, page=True, **more)


def asked(call: QuickCall) -> list[tuple[str, str]]:
    """What the model was last given, without the greeting."""
    messages = [m for m in call.brain.asked[-1].messages if m["role"] in ("user", "assistant", "tool")]
    return [(m["role"], str(m.get("content"))) for m in messages[1:]]


def looks_up(seconds: float) -> Tool:
    @tool(timeout=60)
    async def look_up() -> str:
        """Look it up."""
        await asyncio.sleep(seconds)
        return "six"

    return build(look_up, "desk")


async def over_an_answer(call: QuickCall, also: Callable[[], Awaitable[None]]) -> None:
    await call.say(FIRST)
    await call.until(lambda: call.speaking)
    await asyncio.sleep(2)
    await also()
    await call.said("In Main Street.")


@pytest.mark.parametrize("how", ["spoken", "keyed", "written"])
def test_words_over_an_answer_are_answered_behind_it(tmp_path: Path, how: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await over_an_answer(
            call,
            lambda: {
                "spoken": lambda: call.say(SECOND),
                "keyed": lambda: call.press("2"),
                "written": lambda: call.write(SECOND),
            }[how](),
        )

    call = play(tmp_path, [LONG, HERE], conversation, KEYS)
    assert asked(call) == [("user", FIRST), ("assistant", LONG.text), ("user", SECOND)]
    assert call.agent_words == ["Hello.", LONG.text, HERE.text]
    assert [e.text for e in call.record.transcript if e.who == "caller"] == [FIRST, SECOND]
    assert call.record.errors == []


def test_all_that_was_said_over_an_answer_is_answered_once(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        async def twice() -> None:
            await call.say(SECOND)
            await asyncio.sleep(1)
            await call.say("And who?")

        await over_an_answer(call, twice)
        await asyncio.sleep(5)

    call = play(tmp_path, [LONG, HERE, Answer("Once more.")], conversation)
    assert asked(call)[2:] == [("user", SECOND), ("user", "And who?")]
    assert call.agent_words[-1] == HERE.text


def test_words_while_the_model_thinks_wait_for_its_answer(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.latency["chat"] = 3
        await call.say(FIRST)
        await asyncio.sleep(1)
        await call.say(SECOND)
        await call.said("In Main Street.")

    call = play(tmp_path, [Answer("At six."), HERE], conversation)
    assert asked(call) == [("user", FIRST), ("assistant", "At six."), ("user", SECOND)]


def test_words_while_a_tool_works_are_answered_with_its_result(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say(FIRST)
        await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        await asyncio.sleep(1)
        await call.say(SECOND)
        await call.said("At six, in Main Street.")
        await asyncio.sleep(5)

    answers = [calls("look_up"), Answer("At six, in Main Street."), Answer("Once more.")]
    call = play(tmp_path, answers, conversation, tools=[looks_up(3)])
    assert [role for role, _ in asked(call)] == ["user", "assistant", "tool", "user"]
    assert call.agent_words == ["Hello.", "At six, in Main Street."]


async def make_a_noise(call: QuickCall, seconds: float) -> None:
    """Sound that the transcription finds no words in, and silence behind it."""
    await call.play((QUESTION * 4)[: int(seconds * 32_000)] + SILENCE * 6)


def test_a_noise_over_the_end_of_a_tool_does_not_lose_its_result(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say(FIRST)
        await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        await asyncio.sleep(2.7)
        await make_a_noise(call, 0.5)
        await call.said("At six.")

    answers = [calls("look_up"), Answer("At six.")]
    call = play(tmp_path, answers, conversation, tools=[looks_up(3)], detection="silence", heard=("",))
    assert call.agent_words == ["Hello.", "At six."]


@pytest.mark.parametrize("spoken", [True, False])
def test_a_caller_who_speaks_meanwhile_does_not_put_off_the_end_of_waiting(
    tmp_path: Path, spoken: bool
) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.faults["chat"] = Fault("hang")
        await call.say(FIRST)
        for _ in range(2):
            await asyncio.sleep(2.5)
            await (call.say("Hello?") if spoken else make_a_noise(call, 0.4))
        await call.said("I am sorry.")

    detection = "transcription" if spoken else "silence"
    call = play(tmp_path, [], conversation, detection=detection, heard=("",))
    end = call.record.transcript[-1]
    assert (call.record.ended_by, end.text) == ("error", "I am sorry.")
    assert call.record.transcript[1].text == FIRST
    assert end.at - call.record.transcript[1].at < 8 + 4


@pytest.mark.parametrize("turns", ["mute: always", "interruptions: false"])
def test_what_is_written_while_nobody_listens_is_answered_afterwards(tmp_path: Path, turns: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await over_an_answer(call, lambda: call.write(SECOND))

    call = play(tmp_path, [LONG, HERE], conversation, turns)
    assert asked(call) == [("user", FIRST), ("assistant", LONG.text), ("user", SECOND)]
    (written,) = [e for e in call.record.transcript if e.text == SECOND]
    answer = next(e for e in call.record.transcript if e.text == LONG.text)
    assert not answer.interrupted
    assert written.at == pytest.approx(answer.at + 2, abs=0.3)


def test_sound_for_a_model_that_hears_is_held_too(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await make_a_noise(call, 1.0)
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1)
        await make_a_noise(call, 1.0)
        await call.said("In Main Street.")

    hears = [("pipeline.llm", "openai/gpt-audio")]
    call = play(tmp_path, [LONG, HERE], conversation, detection="silence", overrides=hears)
    assert [role for role, _ in asked(call)] == ["user", "assistant", "user"]
    assert call.agent_words == ["Hello.", LONG.text, HERE.text]


async def ask_again_and_again(call: QuickCall, seconds: float, end: Callable[[], bool]) -> None:
    """The caller says something each few ``seconds`` until ``end``, and waits no longer than a minute."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while not end() and clock() - began < 60:
        await call.say("Hello?")
        with contextlib.suppress(TimeoutError):
            await call.until(end, seconds)


@pytest.mark.parametrize("seconds", [2.6, 2.8, 3.0])
def test_a_slow_model_is_heard_by_somebody_who_asks_again_and_again(tmp_path: Path, seconds: float) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.latency["chat"] = 3.2
        await call.say(FIRST)
        await asyncio.sleep(seconds)
        await ask_again_and_again(call, seconds, lambda: len(call.agent_words) > 1)

    call = play(tmp_path, [Answer("At six.")] * 12, conversation, "interruptions: true")
    assert call.record.ended_by == "caller"
    assert call.record.errors == []
    heard = next(entry for entry in call.record.transcript if entry.text == "At six.")
    assert heard.at - call.record.transcript[1].at < 8 + 4


@pytest.mark.parametrize("seconds", [2.6, 3.0, 5.0])
def test_a_model_that_hangs_is_given_up_whatever_the_caller_says(tmp_path: Path, seconds: float) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.faults["chat"] = Fault("hang")
        await call.say(FIRST)
        await asyncio.sleep(seconds)
        await ask_again_and_again(call, seconds, lambda: call.record.ended_by == "error")
        await call.said("I am sorry.")

    call = play(tmp_path, [], conversation, "interruptions: true")
    end = call.record.transcript[-1]
    assert (call.record.ended_by, end.text) == ("error", "I am sorry.")
    assert end.at - call.record.transcript[1].at < 8 + 4
    assert "no answer began within" in " ".join(call.record.errors)


def test_somebody_who_has_waited_interrupts_again_once_they_hear_the_agent(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.latency["chat"] = 3.2
        await call.say(FIRST)
        await asyncio.sleep(3)
        await call.say("Hello?")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1)
        await call.say(SECOND)
        await call.until(lambda: len(call.agent_words) > 2)

    call = play(tmp_path, [LONG] * 4, conversation, "interruptions: true")
    cut = [entry for entry in call.record.transcript if entry.who == "agent"][1]
    assert LONG.text.startswith(cut.text[:10])
    assert (cut.interrupted, cut.cut_by) == (True, "caller")


@pytest.mark.parametrize("over", ["a tool", "words"])
def test_words_without_a_transcript_over_an_answer_are_not_asked_for_beside_it(
    tmp_path: Path, over: str
) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say(FIRST)
        if over == "a tool":
            await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        else:
            await call.until(lambda: call.speaking)
        await asyncio.sleep(1)
        await make_a_noise(call, 3.5)
        await call.said(answers[-1].text)
        await asyncio.sleep(5)

    answers = [calls("look_up"), Answer("At six.")] if over == "a tool" else [LONG, Answer("From six on.")]
    finishing = dataclasses.replace(looks_up(9), on_interrupt="finish")
    call = play(
        *(tmp_path, answers, conversation, "interruptions: true", [finishing]),
        detection="silence",
        heard=("",),
    )
    said = [entry.text for entry in call.record.transcript if entry.who == "agent"]
    assert said[-1] == answers[-1].text
    assert call.session.parts.remedies.repeat not in said
    assert "no words in" in " ".join(call.record.errors)
