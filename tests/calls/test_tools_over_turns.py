"""A tool that works on while the caller says something else, beside those that are called since."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, Talk, calls, played

BOTH = pytest.mark.parametrize("style", STYLES)
NO_WAIT = (("prompts.wait", "null"),)


def silent(name: str, seconds: float) -> Tool:
    """A tool that works for so long without a word, whatever the caller says meanwhile."""

    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        del call, arguments
        await asyncio.sleep(seconds)
        return f"{name} is done"

    finish: Any = "finish"
    return Tool(name, "Work.", {}, plugin="", origin="", run=run, say="", timeout=90, on_interrupt=finish)


def play(
    folder: Path,
    style: str,
    tools: Sequence[Tool],
    answers: Sequence[Answer],
    conversation: Talk,
    turns: str = "",
) -> QuickCall:
    return played(folder, style, tools, answers, conversation, turns=turns, overrides=NO_WAIT)


@BOTH
def test_a_model_that_has_nothing_to_say_of_an_earlier_tool_is_not_pressed_while_another_works(
    tmp_path: Path, style: str
) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Book a table.")
        await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        await asyncio.sleep(1)
        await call.say("And a taxi.")
        await call.until(lambda: "Both are done." in call.agent_words, 90)

    tools = [silent("table", 8), silent("taxi", 50)]
    answers = [calls("table"), calls("taxi"), Answer(""), Answer("Both are done.")]
    call = play(tmp_path, style, tools, answers, conversation)
    assert call.agent_words == ["Hello.", "Both are done."]
    assert call.record.transcript[-1].at > 50
    assert (call.record.ended_by, call.record.errors) == ("caller", [])


@BOTH
def test_a_caller_who_waits_for_an_earlier_tool_is_not_idle(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Book a table.")
        await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        await asyncio.sleep(1)
        await call.say("And hurry.")
        await call.said("Sure.")
        await call.until(lambda: "The table is booked." in call.agent_words, 90)

    answers = [calls("table"), Answer("Sure."), Answer("The table is booked.")]
    turns = "idle: [{after: 10s, say: Goodbye then., then: end}]"
    call = play(tmp_path, style, [silent("table", 40)], answers, conversation, turns)
    assert call.agent_words == ["Hello.", "Sure.", "The table is booked."]


def test_an_answer_is_not_said_to_have_waited_for_a_tool_of_an_earlier_turn(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Book a table.")
        await call.until(lambda: call.session.parts.response_deadline.tools == 1)
        await asyncio.sleep(1)
        call.openai.conditions.faults["chat"] = Fault("late", after=3, times=1)
        await call.say("And hurry.")
        await call.said("Sure.")
        await call.said("The table is booked.")

    answers = [calls("table"), Answer("Sure."), Answer("The table is booked.")]
    call = play(tmp_path, "cascaded", [silent("table", 2)], answers, conversation)
    assert [entry.who for entry in call.record.transcript][2] == "tool", "it ends before the answer"
    assert [turn.stages.get("tool") for turn in call.record.turns] == [None]
