"""Keys that a caller presses are a turn: in both styles, over what is being said, and put together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.plugins.builtin import tool_of
from agentrun.simulate.engines.engines import Answer
from agentrun.spec.models.tools.tool_use import ToolUse
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, Talk, calls, played
from tests.session.speech.test_apology import Line

BOTH = pytest.mark.parametrize("style", STYLES)
MENU = "keys: {menu: {1: opening hours, 2: a table, 11: the kitchen}, wrong: Press one or two.}"
COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
LONG = Answer(f"{COUNT.capitalize()}. {COUNT.capitalize()}. {COUNT.capitalize()}.")
FLOW = """
flow:
  initial_node: menu
  nodes:
    menu:
      task_messages: Find out what they want.
      keys: {menu: {1: opening hours, 2: {say: A table., to: table}}}
    table:
      task_messages: Ask for the day.
      keys: {digits: 2, wrong: Two digits please.}
"""


def play(
    folder: Path,
    style: str,
    answers: Sequence[Answer],
    turns: str,
    conversation: Talk,
    more: str = "",
) -> QuickCall:
    """A call on the virtual clock, as it is when it has ended."""
    return played(folder, style, [], answers, conversation, turns=turns, more=more)


async def press(call: QuickCall, keys: str, gap: float = 0.1) -> None:
    """Press ``keys``, ``gap`` seconds apart."""
    for key in keys:
        await call.press(key)
        await asyncio.sleep(gap)


def pressed(call: QuickCall) -> list[tuple[str, str]]:
    """What the record has of the caller's keys, and the words that they stand for."""
    return [(entry.keys, entry.text) for entry in call.record.transcript if entry.keys]


def heard(call: QuickCall) -> list[str]:
    """What the model was last given as the caller's words."""
    return [str(m["content"]) for m in call.brain.asked[-1].messages if m["role"] == "user"]


@BOTH
def test_a_key_is_answered_as_the_words_that_it_stands_for(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.said("For when?")

    call = play(tmp_path, style, [Answer("For when?")], MENU, conversation)
    assert pressed(call) == [("2", "a table")]
    assert heard(call)[-1] == "a table"
    assert call.record.keypad == []
    assert call.record.errors == []


@BOTH
def test_one_key_after_the_other_gets_an_answer_each(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.said("For when?")
        await press(call, "2")
        await call.said("Once more?")

    call = play(tmp_path, style, [Answer("For when?"), Answer("Once more?")], MENU, conversation)
    assert pressed(call) == [("2", "a table"), ("2", "a table")]
    assert call.agent_words == ["Hello.", "For when?", "Once more?"]


@BOTH
@pytest.mark.parametrize(
    ("keys", "digits", "entry"),
    [("4071", "{digits: 4}", "4071"), ("12#", "{}", "12"), ("12", "{timeout: 1s}", "12"), ("#", "{}", "#")],
    ids=["so many", "finished", "no more came", "the last key alone"],
)
def test_keys_that_belong_together_are_one_entry(
    tmp_path: Path, style: str, keys: str, digits: str, entry: str
) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, keys)
        await call.said("Thank you.")

    call = play(tmp_path, style, [Answer("Thank you.")], f"keys: {digits}", conversation)
    assert pressed(call) == [(entry, entry)]
    assert heard(call)[-1] == entry


@BOTH
def test_the_last_key_behind_an_entry_that_was_whole_without_it_asks_nothing(
    tmp_path: Path, style: str
) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "4071#")
        await call.said("Thank you.")
        await asyncio.sleep(4)
        await press(call, "#")
        await call.said("Four digits please.")

    keys = "keys: {digits: 4, wrong: Four digits please.}"
    script = [Answer("Thank you."), Answer("Four digits please.")]
    call = play(tmp_path, style, script, keys, conversation)
    assert pressed(call) == [("4071", "4071"), ("#", "#")]
    assert call.agent_words == ["Hello.", "Thank you.", "Four digits please."]


def test_a_menu_with_a_longer_key_waits_for_it(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "11")
        await call.said("Kitchen.")
        await press(call, "1")
        await call.said("At five.")

    call = play(tmp_path, "cascaded", [Answer("Kitchen."), Answer("At five.")], MENU, conversation)
    assert pressed(call) == [("11", "the kitchen"), ("1", "opening hours")]


@BOTH
def test_a_key_cuts_the_agent_off(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.5)
        await press(call, "2")
        await call.said("For when?")

    call = play(tmp_path, style, [LONG, Answer("For when?")], MENU, conversation)
    [_, long, answer] = [entry for entry in call.record.transcript if entry.who == "agent"]
    assert (long.interrupted, long.cut_by) == (True, "caller")
    assert 0 < len(long.text.split()) < 20
    assert answer.text == "For when?"
    assert call.record.errors == []


def test_a_key_waits_for_its_turn_where_nothing_interrupts(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.until(lambda: call.speaking)
        await press(call, "2")
        await call.until(lambda: "For when?" in call.agent_words, 60)

    turns = f"interruptions: false, {MENU}"
    call = play(tmp_path, "cascaded", [LONG, Answer("For when?")], turns, conversation)
    assert call.agent_words[1] == LONG.text
    assert not any(entry.interrupted for entry in call.record.transcript)


@BOTH
def test_keys_that_nobody_asked_for_are_answered_by_the_spec_s_words(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "7")
        await call.said("Press one or two.")

    answers = [Answer("Press one or two.")] if style == "realtime" else []
    call = play(tmp_path, style, answers, MENU, conversation)
    assert pressed(call) == [("7", "7")]
    assert call.record.errors == []


@BOTH
def test_a_key_leads_into_a_node_of_the_flow_without_a_model_call(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.said("Which day?")
        asked = len(call.brain.asked)
        assert asked == (1 if style == "cascaded" else 2)
        await press(call, "24")
        await call.said("Noted.")

    call = play(tmp_path, style, [Answer("Which day?"), Answer("Noted.")], "", conversation, FLOW)
    assert pressed(call) == [("2", "A table."), ("24", "24")]
    assert "Ask for the day." in str(call.brain.asked[-1].messages)


@BOTH
def test_a_key_that_leads_nowhere_now_gets_an_answer(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.said("That is closed.")

    flow = FLOW.replace("Ask for the day.", "Ask {{ name }} for the day.")
    more = f"extract: {{name: string}}\n{flow}"
    call = play(tmp_path, style, [Answer("That is closed.")], "", conversation, more)
    assert pressed(call) == [("2", "A table.")]
    assert "can't be reached" in str(call.brain.asked[-1].messages)


def test_keys_are_written_down_where_nothing_asks_for_them(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "12")

    call = play(tmp_path, "cascaded", [], "", conversation)
    assert [press.keys for press in call.record.keypad] == ["12"]
    assert pressed(call) == []


@BOTH
def test_a_caller_who_is_not_listened_to_presses_in_vain(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.until(lambda: call.speaking)
        await press(call, "2")
        await call.said("Hello.")

    call = played(tmp_path, style, [], [], conversation, turns=f"mute: [greeting], {MENU}", greeted=False)
    assert pressed(call) == []
    assert [press.keys for press in call.record.keypad] == ["2"]
    assert call.agent_words == ["Hello."]


def test_a_tool_that_collects_keys_gets_them_first(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "2")
        await call.said("Your number.")
        await press(call, "12#")
        await call.said("Thank you.")

    [tool] = [tool for tool, _ in [tool_of(ToolUse(use="collect_digits"))] if tool]
    line: Any = Line()
    answers = [calls("collect_digits", question="Your number."), Answer("Thank you.")]
    call = played(tmp_path, "cascaded", [tool], answers, conversation, turns=MENU, control=line)
    assert pressed(call) == [("2", "a table")]
    assert '"digits": "12"' in str(call.tool_results())


@BOTH
def test_a_caller_who_is_pressing_keys_is_not_asked_whether_they_are_there(
    tmp_path: Path, style: str
) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "1234", gap=2.0)
        await call.said("Thank you.")

    turns = "idle: {after: 3s, say: Are you there?}, keys: {digits: 4}"
    call = play(tmp_path, style, [Answer("Thank you.")], turns, conversation)
    assert call.agent_words == ["Hello.", "Thank you."]


def test_keys_and_words_at_once_get_one_answer(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("I would like")
        await press(call, "2")
        await call.said("For when?")
        await asyncio.sleep(5)

    call = play(tmp_path, "cascaded", [Answer("For when?"), Answer("Twice.")], MENU, conversation)
    assert call.agent_words[:2] == ["Hello.", "For when?"]
    assert call.record.errors == []


@BOTH
def test_a_caller_who_hangs_up_amid_their_keys_ends_the_call(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "12")

    call = play(tmp_path, style, [], "keys: {digits: 4}", conversation)
    assert (call.record.ended_by, call.record.errors) == ("caller", [])
    assert call.agent_words == ["Hello."]


def test_a_line_that_beeps_without_an_end_fills_no_memory(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await press(call, "5" * 1000, gap=0.0)
        await call.said("Stop that.")

    answers = [Answer("Stop that.")] * 60
    call = play(tmp_path, "cascaded", answers, "keys: {}", conversation)
    assert {len(keys) for keys, _ in pressed(call)} == {40}
