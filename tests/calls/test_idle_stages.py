"""What a caller hears who says nothing for longer and longer: in both styles, on a clock that jumps."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.spec.models.idle import SILENT
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, Talk, calls, played, quick_call

BOTH = pytest.mark.parametrize("style", STYLES)
STAGES = (
    "idle: [{after: 10s, say: Are you there?}, {after: 20s, ask: model}, "
    "{after: 30s, say: Goodbye then., then: end}]"
)


def play(
    folder: Path,
    style: str,
    answers: Sequence[Answer],
    conversation: Talk,
    turns: str = STAGES,
    tools: Sequence[Tool] = (),
    more: str = "",
) -> QuickCall:
    """A call on the virtual clock, as it is when it has ended."""
    return played(folder, style, tools, answers, conversation, turns=turns, more=more)


def said(style: str, *words: str) -> list[Answer]:
    """What the model is asked to say: all of it in realtime, else what no fixed words are."""
    fixed = ("Are you there?", "Goodbye then.")
    return [Answer(text) for text in words if style == "realtime" or text not in fixed]


def times(call: QuickCall) -> dict[str, float]:
    """When the agent said what."""
    return {entry.text: entry.at for entry in call.record.transcript if entry.who == "agent"}


async def until_over(call: QuickCall) -> None:
    await call.until(lambda: call.record.ended_by is not None, 120)
    await asyncio.sleep(5)


@BOTH
def test_who_is_not_greeted_and_says_nothing_is_asked_as_well(tmp_path: Path, style: str) -> None:
    prompts = "prompts: {system: You answer for a restaurant., greeting: null}"
    answers = said(style, "Shall I hold the line?", "Goodbye then.")
    call = played(tmp_path, style, [], answers, until_over, turns=STAGES, prompts=prompts, greeted=False)
    # a realtime model's first words are those of the script
    first = "Hello." if style == "realtime" else "Are you there?"
    assert call.agent_words == [first, "Shall I hold the line?", "Goodbye then."]
    assert 10 <= times(call)[first] < 12
    assert (call.record.ended_by, call.record.reason) == ("agent", "the caller said nothing")


@BOTH
def test_each_stage_comes_in_its_turn_and_the_last_one_ends_the_call(tmp_path: Path, style: str) -> None:
    answers = said(style, "Are you there?", "Shall I hold the line?", "Goodbye then.")
    call = play(tmp_path, style, answers, until_over)
    words = ["Hello.", "Are you there?", "Shall I hold the line?", "Goodbye then."]
    assert call.agent_words == words
    at = [times(call)[text] for text in words]
    assert [round(later - earlier) // 10 for earlier, later in itertools.pairwise(at)] == [1, 1, 1]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the caller said nothing")
    assert call.record.errors == []


@BOTH
def test_a_caller_who_speaks_begins_with_the_first_stage_anew(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.until(lambda: "Are you there?" in call.agent_words and not call.speaking, 40)
        await call.say("Yes.")
        await call.said("Good.")
        spoke = call.record.elapsed()
        await call.until(lambda: call.agent_words.count("Are you there?") == 2, 40)
        assert 9 < call.record.elapsed() - spoke < 13

    answers = [*said(style, "Are you there?"), Answer("Good."), *said(style, "Are you there?")]
    call = play(tmp_path, style, answers, conversation)
    assert call.agent_words == ["Hello.", "Are you there?", "Good.", "Are you there?"]


@BOTH
def test_a_caller_who_answers_over_the_goodbye_stays(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.until(lambda: "Are you there?" in call.agent_words and not call.speaking, 40)
        await call.until(lambda: call.speaking, 40)
        await asyncio.sleep(0.3)
        await call.say("Wait, I am here.")
        await call.said("Good.")
        assert call.record.ended_by is None
        await until_over(call)

    goodbye = "We hear nothing from you, and so this call ends in a moment. Goodbye."
    turns = f"idle: [{{after: 10s, say: Are you there?}}, {{after: 20s, say: '{goodbye}', then: end}}]"
    realtime = style == "realtime"
    answers = [
        *([Answer("Are you there?"), Answer(goodbye)] if realtime else []),
        Answer("Good."),
        # there is no speech in this caller's sound, and the goodbye is said again behind it
        *([Answer("Are you there?"), Answer(goodbye), Answer(goodbye)] if realtime else []),
    ]
    call = play(tmp_path, style, answers, conversation, turns)
    assert call.agent_words.count("Are you there?") == 2
    assert call.agent_words[-1] == goodbye
    assert (call.record.ended_by, call.record.reason) == ("agent", "the caller said nothing")
    assert call.record.errors == []


@BOTH
def test_the_model_is_told_what_it_is_to_do_about_the_silence(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.said("Shall we call you back?")
        await asyncio.sleep(30)

    turns = "idle: [{after: 5s, ask: model, instruction: Offer to call back.}]"
    call = play(tmp_path, style, [Answer("Shall we call you back?")], conversation, turns)
    [last] = [m for m in call.brain.asked[-1].messages if SILENT in str(m.get("content"))]
    assert "Offer to call back." in str(last["content"])
    assert call.agent_words == ["Hello.", "Shall we call you back?"], "nothing follows the last stage"
    assert (call.record.ended_by, call.record.errors) == ("caller", [])


@BOTH
def test_the_end_may_come_without_words(tmp_path: Path, style: str) -> None:
    call = play(tmp_path, style, [], until_over, "idle: [{after: 5s, then: end}]")
    assert call.agent_words == ["Hello."]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the caller said nothing")


@BOTH
def test_a_caller_who_is_pressing_keys_gets_no_stage(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        for key in "12345678":
            await call.press(key)
            await asyncio.sleep(4.0)
        await call.said("Thank you.")

    turns = f"{STAGES}, keys: {{digits: 8, timeout: 5s}}"
    call = play(tmp_path, style, [Answer("Thank you.")], conversation, turns)
    assert call.agent_words == ["Hello.", "Thank you."]


def slow(seconds: float) -> Tool:
    """A tool that works for so long, and says nothing meanwhile."""

    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        del call, arguments
        await asyncio.sleep(seconds)
        return "three"

    return Tool("count", "Count.", {}, plugin="", origin="", run=run, say="", timeout=60)


@BOTH
def test_a_caller_who_waits_for_a_tool_gets_no_stage(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("How many?")
        await call.until(lambda: "Three." in call.agent_words, 90)

    answers = [calls("count"), Answer("Three.")]
    call = play(tmp_path, style, answers, conversation, tools=[slow(45)])
    assert call.agent_words == ["Hello.", "Three."]


FLOW = """
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Find out what they want.
      post_actions: [{type: function, handler: count}]
"""


def test_a_caller_who_waits_for_a_tool_that_the_model_did_not_call_gets_no_stage(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.until(lambda: call.tool_ended, 60)
        ended = call.record.elapsed()
        await call.until(lambda: "Are you there?" in call.agent_words, 60)
        assert call.record.elapsed() - ended < 22

    call = play(tmp_path, "cascaded", [], conversation, tools=[slow(25)], more=FLOW)
    whole = [entry.text or entry.name for entry in call.record.transcript]
    assert [entry.who for entry in call.record.transcript] == ["agent", "tool", "agent"], whole


def test_a_stage_does_not_come_while_the_model_looks_for_the_words_of_the_last_one(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        call.openai.conditions.faults["chat"] = Fault("late", after=3, times=1)
        await call.until(lambda: "Are you there?" in call.agent_words, 60)

    turns = "idle: [{after: 5s, ask: model}, {after: 6s, say: Are you there?}]"
    call = play(tmp_path, "cascaded", [Answer("Shall I wait?")], conversation, turns)
    assert call.agent_words == ["Hello.", "Shall I wait?", "Are you there?"]


NODES = """
flow:
  initial_node: menu
  nodes:
    menu:
      task_messages: Find out what they want.
      idle: {after: 4s, say: Press one., times: 1, then: continue}
      keys: {menu: {1: {say: a reading, to: reading}}}
    reading:
      task_messages: Ask for the reading.
      respond_immediately: false
      idle: [{after: 30s, say: Take your time.}]
"""


@BOTH
def test_each_node_of_a_flow_has_a_silence_of_its_own(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.said("Press one.")
        await asyncio.sleep(15)
        await call.press("1")
        at = call.record.elapsed()
        await call.until(lambda: "Take your time." in call.agent_words, 60)
        assert 29 < call.record.elapsed() - at < 33

    answers = [Answer("Press one."), Answer("Take your time.")] if style == "realtime" else []
    turns = "idle: [{after: 7s, say: Are you there?}]"
    call = play(tmp_path, style, answers, conversation, turns, more=NODES)
    assert call.agent_words == ["Hello.", "Press one.", "Take your time."]


def test_a_node_without_a_silence_of_its_own_has_the_calls(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.said("Press one.")
        await call.press("1")
        await call.said("Are you there?")

    more = NODES.replace("      idle: [{after: 30s, say: Take your time.}]\n", "")
    call = play(tmp_path, "cascaded", [], conversation, "idle: [{after: 7s, say: Are you there?}]", more=more)
    assert call.agent_words == ["Hello.", "Press one.", "Are you there?"]


@BOTH
@pytest.mark.parametrize(("pause", "least", "most"), [(0, 29, 35), (60, 59, 95)])
async def test_a_caller_who_was_told_to_take_their_time_has_it_before_the_line_is_given_up(
    tmp_path: Path, style: str, pause: int, least: float, most: float
) -> None:
    async def take_your_time(call: Call, arguments: Mapping[str, Any]) -> str:
        del arguments
        if pause:
            await call.wait(pause)
        return "ok"

    schema = {"type": "object", "properties": {}}
    tool = Tool("take", "Waits.", schema, plugin="p", origin="o", run=take_your_time, say="")
    script = [calls("take"), Answer("Take your time.")]
    limit = [("limits.idle_timeout", "30s")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [tool], script, resources=resources, overrides=limit) as call,
    ):
        await call.say("One moment.")
        await call.until(lambda: call.record.ended_by and call.session.parts.worker.has_finished(), 200)
    assert (call.record.ended_by, call.record.reason) == ("agent", "nobody spoke any more")
    last = [entry.at for entry in call.record.transcript if entry.who == "agent"][-1]
    assert least < call.record.seconds - last < most
