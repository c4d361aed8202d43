"""Calls that go from node to node."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, calls, quick_call

FLOW = """
vars: {size: nothing}
flow:
  initial_node: size
  nodes:
    size:
      task_messages: Ask for the size.
      functions: [{name: choose_size, transition_to: pay}]
    pay:
      role_message: You are the cashier of {{ call.agent }}.
      task_messages: Ask how they pay for the {{ size }} one.
      functions:
        - name: check_card
          transition_to: {field: valid, cases: {true: done}, default: pay}
        - {name: back, transition_only: true, description: They change their mind., transition_to: size}
    done:
      task_messages: Say goodbye.
      pre_actions: [{type: function, handler: note, text: sold}]
      post_actions: [end_conversation]
  global_functions: [note]
"""
PAY, AGAIN, BYE = Answer("How do you pay?"), Answer("Which other card?"), Answer("Thank you, goodbye.")


def tools(cards: list[bool], notes: list[str]) -> list[Tool]:
    """The agent's; ``cards`` says which cards are valid."""

    async def choose_size(call: Call, size: str) -> str:
        """Choose."""
        if size == "huge":
            raise ToolError("There is none.")
        call.state["size"] = size
        return "chosen"

    def check_card() -> dict[str, bool]:
        """Check the card."""
        return {"valid": cards.pop(0)}

    def note(text: str) -> str:
        """Note."""
        notes.append(text)
        return "noted"

    return [build(function, "shop") for function in (choose_size, check_card, note)]


def offered(call: QuickCall) -> set[str]:
    """The tools that the model was given last."""
    return {tool.get("function", tool)["name"] for tool in call.brain.asked[-1].tools}


def told(call: QuickCall) -> str:
    """All that the model was given last."""
    return str(call.brain.asked[-1].messages)


@pytest.mark.parametrize("style", STYLES)
async def test_a_call_goes_from_node_to_node_to_its_end(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    notes: list[str] = []
    script = [calls("choose_size", size="large"), PAY, calls("check_card"), AGAIN, calls("check_card"), BYE]
    given = tools([False, True], notes)
    async with quick_call(tmp_path, style, given, script, resources=resources, more=FLOW) as call:
        await call.say("A large one.")
        await call.said(PAY.text)
        assert offered(call) == {"check_card", "back", "note"}
        assert "how they pay for the large one" in told(call)
        assert "You are the cashier of desk." in told(call)
        await call.say("By card.")
        await call.said(AGAIN.text)
        assert offered(call) == {"check_card", "back", "note"}
        await call.say("That one.")
        await call.said(BYE.text)
        await call.until(lambda: call.record.ended is not None)
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")
    assert notes == ["sold"]
    call.brain.assert_complete()


@pytest.mark.parametrize("style", STYLES)
async def test_a_tool_that_fails_leaves_the_caller_at_the_node(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    script = [calls("choose_size", size="huge"), Answer("There is no such size.")]
    async with quick_call(tmp_path, style, tools([], []), script, resources=resources, more=FLOW) as call:
        await call.say("A huge one.")
        await call.said("There is no such size.")
        assert offered(call) == {"choose_size", "note"}
        assert "There is none." in str(call.tool_results())


@pytest.mark.parametrize("style", STYLES)
async def test_a_way_that_runs_no_tool_leads_back(tmp_path: Path, style: str, resources: Resources) -> None:
    script = [calls("choose_size", size="small"), PAY, calls("back"), Answer("Which size?")]
    async with quick_call(tmp_path, style, tools([], []), script, resources=resources, more=FLOW) as call:
        await call.say("A small one.")
        await call.said(PAY.text)
        await call.say("No, wait.")
        await call.said("Which size?")
        assert offered(call) == {"choose_size", "note"}


@pytest.mark.parametrize("style", STYLES)
async def test_the_first_node_speaks_where_the_agent_greets(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    more = FLOW.replace("Ask for the size.", "Say hello, and ask for the size.")
    greeting = "prompts: {system: You sell., greeting: Be short.}\n"
    path = tmp_path / "first"
    path.mkdir()
    answers = [] if style == "realtime" else [Answer("Hello.")]
    async with quick_call(
        path, style, tools([], []), answers, resources=resources, more=more, prompts=greeting
    ) as call:
        assert "Say hello, and ask for the size." in told(call)
        assert "Be short." in told(call)
        assert offered(call) == {"choose_size", "note"}
