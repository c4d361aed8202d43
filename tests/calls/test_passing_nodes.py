"""Nodes that say fixed words or branch, and go on without the model: both styles, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import LOUD, SILENCE, QuickCall, Talk, calls, played

BOTH = pytest.mark.parametrize("style", STYLES)
GREETED = "prompts: {system: You sell., greeting: {say: Hello.}, apology: I am sorry.}"
UNGREETED = "prompts: {system: You sell., apology: I am sorry.}"
FLOW = """
vars: {plan: none, name: Ada}
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Find out what they want.
      functions:
        - {name: choose, transition_to: thanks}
        - {name: leave, transition_only: true, description: They leave., transition_to: goodbye}
    thanks: {say: "Thank you, {{ name }}.", then: route}
    route:
      then:
        - {when: {plan: gold}, to: gold}
        - {to: others}
    gold: {task_messages: Offer the lounge.}
    others: {task_messages: Offer a coffee., functions: [choose]}
    goodbye: {say: "Goodbye, {{ name }}.", then: end}
"""
THANKS, LOUNGE = Answer("Thank you, Ada."), Answer("Will you come to the lounge?")


def tools(plan: str = "gold") -> list[Tool]:
    """``choose`` finds out which plan the caller has."""

    async def choose(call: Call) -> str:
        """Choose."""
        call.state["plan"] = plan
        return "chosen"

    return [build(choose, "shop")]


def play(
    folder: Path,
    style: str,
    answers: Sequence[Answer],
    conversation: Talk,
    *,
    more: str = FLOW,
    prompts: str = GREETED,
    given: Sequence[Tool] | None = None,
    turns: str = "",
) -> QuickCall:
    """A call on the virtual clock, as it is when it has ended."""
    brought, greeted = tools() if given is None else given, "greeting" in prompts
    return played(
        *(folder, style, brought, answers, conversation),
        more=more,
        prompts=prompts,
        greeted=greeted,
        turns=turns,
    )


def said(style: str, *answers: Answer) -> list[Answer]:
    """What the model is asked for: all of it in realtime, else what no fixed words are."""
    fixed = ("Thank you", "Goodbye", "Welcome", "One moment")
    return [one for one in answers if style == "realtime" or not one.text.startswith(fixed)]


def told(call: QuickCall) -> str:
    """All that the model was given last."""
    return str(call.brain.asked[-1].messages)


@BOTH
@pytest.mark.parametrize("plan", ["gold", "blue"])
def test_words_are_said_and_the_way_goes_by_a_variable(tmp_path: Path, style: str, plan: str) -> None:
    last = LOUNGE if plan == "gold" else Answer("A coffee?")

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.said(last.text)
        assert ("Offer the lounge." in told(call)) == (plan == "gold")
        assert ("Offer a coffee." in told(call)) == (plan == "blue")
        assert "Thank you, Ada." in told(call)

    answers = [calls("choose"), *said(style, THANKS, last)]
    call = play(tmp_path, style, answers, conversation, given=tools(plan))
    assert call.agent_words == ["Hello.", "Thank you, Ada.", last.text]
    assert call.record.errors == []
    call.brain.assert_complete()


@BOTH
def test_a_call_ends_behind_the_words(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Bye.")
        await call.until(lambda: call.record.ended_by is not None)
        await call.said("Goodbye, Ada.")

    answers = [calls("leave"), *said(style, Answer("Goodbye, Ada."))]
    call = play(tmp_path, style, answers, conversation)
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")
    assert call.record.errors == []
    call.brain.assert_complete()


@BOTH
@pytest.mark.parametrize("greeted", [True, False])
def test_a_call_may_begin_with_such_nodes(tmp_path: Path, style: str, greeted: bool) -> None:
    more = """
flow:
  initial_node: recorded
  nodes:
    recorded: {say: Hello., then: [{when: {call.transport: twilio}, to: desk}, {to: other}]}
    desk: {task_messages: Ask what they want.}
    other: {task_messages: Ask who they are.}
"""
    question = Answer("What do you want?")

    async def conversation(call: QuickCall) -> None:
        if greeted:
            await call.until(lambda: len(call.agent_words) == 2 and not call.speaking)
            await call.say("Hello?")
        await call.said(question.text)
        assert "Ask what they want." in told(call)

    answers = [*([Answer("Hello.")] if greeted and style == "realtime" else []), question]
    prompts = GREETED if greeted else UNGREETED
    call = play(tmp_path, style, answers, conversation, more=more, prompts=prompts, given=[])
    assert call.agent_words == ["Hello."] * (1 + greeted) + [question.text]
    assert call.record.errors == []
    call.brain.assert_complete()


@BOTH
def test_words_of_a_node_stand_for_the_models_first_words(tmp_path: Path, style: str) -> None:
    more = FLOW.replace("thanks: {say:", "thanks: {task_messages: Ask on., say:").replace(", then: route", "")

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.said("Thank you, Ada.")
        await call.until(lambda: not call.session.parts.response_deadline.answer.waits)
        await call.say("And now?")
        await call.said("A bag?")
        assert "Ask on." in told(call)

    answers = [calls("choose"), *said(style, THANKS), Answer("A bag?")]
    call = play(tmp_path, style, answers, conversation, more=more)
    assert call.agent_words == ["Hello.", "Thank you, Ada.", "A bag?"]
    call.brain.assert_complete()


@BOTH
def test_a_caller_who_interrupts_the_words_is_answered_at_the_next_node(tmp_path: Path, style: str) -> None:
    long = "Thank you, Ada, and now some words that take a while to say."

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.until(lambda: call.speaking and call.tool_ended)
        if style == "cascaded":
            await call.say("Yes, yes.")
        else:
            await call.transport.hear(LOUD)
            await asyncio.sleep(0.3)
            await call.transport.hear(SILENCE)
        await call.said(LOUNGE.text)
        assert "Offer the lounge." in told(call)

    answers = [calls("choose"), *said(style, Answer(long), LOUNGE)]
    more = FLOW.replace("Thank you, {{ name }}.", long)
    call = play(tmp_path, style, answers, conversation, more=more)
    assert [words for words in call.agent_words if words == LOUNGE.text] == [LOUNGE.text]
    assert call.record.errors == []
    call.brain.assert_complete()


@BOTH
def test_keys_are_taken_while_the_words_are_said(tmp_path: Path, style: str) -> None:
    long = "Thank you, Ada, press one for the coffee, and now some words that take a while to say."
    more = FLOW.replace("Thank you, {{ name }}.", long).replace(
        "gold: {task_messages: Offer the lounge.}",
        'gold: {task_messages: Offer the lounge., keys: {menu: {"1": {say: coffee, to: others}}}}',
    )

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.until(lambda: call.speaking and call.tool_ended)
        await call.press("1")
        await call.said("A coffee?")
        assert "Offer a coffee." in told(call)
        assert "Offer the lounge." not in told(call)

    answers = [calls("choose"), *said(style, Answer(long), Answer("A coffee?"))]
    call = play(tmp_path, style, answers, conversation, more=more)
    assert call.record.errors == []
    call.brain.assert_complete()


@BOTH
def test_a_text_without_a_value_on_the_way_is_told_to_the_model(tmp_path: Path, style: str) -> None:
    more = FLOW.replace("route:\n      then:", "route:\n      say: For {{ who }}.\n      then:")

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.said("That did not work.")
        assert "{{ who }} has no value yet" in told(call)

    answers = [calls("choose"), *said(style, THANKS), Answer("That did not work.")]
    call = play(tmp_path, style, answers, conversation, more=more)
    assert call.record.errors == ["node 'route' can't be entered: {{ who }} has no value yet"]


def test_a_tool_on_the_way_finds_out_where_it_goes(tmp_path: Path) -> None:
    more = FLOW.replace("thanks: {say:", "thanks: {pre_actions: [choose], say:").replace(
        "{name: choose, transition_to: thanks}",
        "{name: go_on, transition_only: true, description: On., transition_to: thanks}",
    )

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.said(LOUNGE.text)

    call = play(tmp_path, "cascaded", [calls("go_on"), LOUNGE], conversation, more=more)
    assert call.agent_words == ["Hello.", "Thank you, Ada.", LOUNGE.text]


@BOTH
def test_a_caller_who_hangs_up_during_the_words_ends_the_call(tmp_path: Path, style: str) -> None:
    long = "Thank you, Ada, and now some words that take a while to say."

    async def conversation(call: QuickCall) -> None:
        await call.say("The big one.")
        await call.until(lambda: call.speaking and call.tool_ended)
        await call.transport.hang_up()

    answers = [calls("choose"), *said(style, Answer(long))]
    more = FLOW.replace("Thank you, {{ name }}.", long)
    call = play(tmp_path, style, answers, conversation, more=more)
    assert (call.record.ended_by, call.record.errors) == ("caller", [])


STUCK = """
vars: {plan: none, order: null}
flow:
  initial_node: desk
  nodes:
    desk: {task_messages: Find out., functions: [{name: choose, transition_to: thanks}]}
    thanks: {interruptions: false, tts: {voice: coral}, say: Thank you., then: confirm}
    confirm: {task_messages: "Confirm {{ order }}."}
"""


def test_a_step_that_fails_on_the_way_leaves_nothing_of_the_way_behind(tmp_path: Path) -> None:
    """The old node has its own voice again, and can be interrupted as before."""
    seen: list[bool] = []

    async def talk(call: QuickCall) -> None:
        await call.say("Choose.")
        await call.until(lambda: "Sorry." in str(call.agent_words))
        caller: Any = call.session.parts.pipeline.aggregators.user()
        seen.extend(one._enable_interruptions for one in caller._params.user_turn_strategies.start)

    call = play(tmp_path, "cascaded", [calls("choose"), Answer("Sorry.")], talk, more=STUCK)
    assert [*call.voice.voices][-3:] == ["alloy", "coral", "alloy"]
    assert seen
    assert all(seen)
