"""Words and other actions on the way from node to node, and steps that can't be taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun import NO_RESPONSE
from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import calls, quick_call
from tests.log_lines import log_lines

FLOW = """
vars: {{shop: {{name: Rosa}}}}
flow:
  initial_node: start
  nodes:
    start:
      task_messages: []
      functions: [{{name: order, transition_to: {to}}}]
    pay:
      pre_actions:
        - {{type: tts_say, text: "Welcome to {{{{ shop.name }}}}.", append_text_to_context: {remembered}}}
        - {{type: log_it, level: high}}
      task_messages: [{{role: user, content: "Ask how they pay for {{{{ item }}}}."}}]
      context_strategy: null
      functions: [order]
      post_actions:
        - {{type: tts_say, text: "One moment, {{{{ item }}}}."}}
        - {{type: end_conversation, text: "Goodbye from {{{{ shop.name }}}}."}}
"""
PROMPTS = "prompts: {system: You sell., greeting: {say: Hello.}, apology: I am sorry.}"
PAY = Answer("How do you pay?")


def tools(logged: list[str], result: Any = "ordered", **state: str) -> list[Tool]:
    """``order`` gives ``result`` and puts ``state`` beside it; what is logged is in ``logged``."""

    async def order(call: Call) -> Any:
        """Order."""
        call.state.update(state)
        return result

    def log_it(level: str) -> str:
        """Log."""
        logged.append(level)
        return "logged"

    return [build(function, "shop") for function in (order, log_it)]


def flow(to: str = "pay", remembered: str = "true") -> str:
    return FLOW.format(to=to, remembered=remembered)


@pytest.mark.parametrize("style", STYLES)
async def test_words_before_and_after_a_node_are_said_and_the_call_ends(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    logged: list[str] = []
    asked = [Answer("Welcome to Rosa.")] if style == "realtime" else []
    after = [Answer("One moment, soup."), Answer("Goodbye from Rosa.")] if style == "realtime" else []
    script = [calls("order"), *asked, PAY, *after]
    given = tools(logged, item="soup")
    async with quick_call(
        tmp_path, style, given, script, resources=resources, more=flow(), prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.until(lambda: call.record.ended is not None)
        told = [str(one.messages) for one in call.brain.asked]
    said = " ".join(call.agent_words)
    order = [said.index(text) for text in ("Welcome to Rosa.", PAY.text, "One moment, soup.", "Goodbye from")]
    assert order == sorted(order)
    assert logged == ["high"]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")
    assert any("Ask how they pay for soup." in text for text in told)
    call.brain.assert_complete()


@pytest.mark.parametrize("remembered", ["true", "false"])
async def test_the_model_knows_what_was_said_unless_it_is_not_to(
    tmp_path: Path, remembered: str, resources: Resources
) -> None:
    more = flow(remembered=remembered)
    script = [calls("order"), PAY]
    given = tools([], item="soup")
    async with quick_call(
        tmp_path, "cascaded", given, script, resources=resources, more=more, prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.until(lambda: call.record.ended is not None)
        told = str(call.brain.asked[-1].messages)
    assert ("Welcome to Rosa." in told) == (remembered == "true")


@pytest.mark.parametrize("style", STYLES)
async def test_a_node_whose_text_has_no_value_is_not_entered(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    script = [calls("order"), Answer("Something is missing.")]
    async with quick_call(
        tmp_path, style, tools([]), script, resources=resources, more=flow(), prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.said("Something is missing.")
        assert "{{ item }} has no value yet" in str(call.tool_results())
    assert call.record.errors == ["node 'pay' can't be entered: {{ item }} has no value yet"]


@pytest.mark.parametrize("style", STYLES)
async def test_a_result_without_the_field_of_a_branch_is_an_error(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    more = flow("{field: status, cases: {ok: pay}, default: pay}")
    script = [calls("order"), Answer("That went wrong.")]
    given = tools([], {"state": "ok"}, item="soup")
    async with quick_call(
        tmp_path, style, given, script, resources=resources, more=more, prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.said("That went wrong.")
    assert call.record.errors == ["'order' branches on 'status', and its result has no such field"]


async def test_a_branch_reads_the_whole_of_a_result_that_the_model_is_told_a_part_of(
    tmp_path: Path, resources: Resources
) -> None:
    more = flow("{field: status, cases: {3: pay}}")
    script = [calls("order"), PAY]
    given = tools([], {"orders": ["soup " * 10] * 2_000, "status": 3.0}, item="soup")
    async with quick_call(
        tmp_path, "cascaded", given, script, resources=resources, more=more, prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.until(lambda: call.record.ended is not None)
    assert call.record.errors == []
    assert PAY.text in " ".join(call.agent_words)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("in_flow", [True, False])
async def test_a_tool_may_be_followed_by_silence(
    tmp_path: Path, style: str, in_flow: bool, resources: Resources
) -> None:
    given = tools([], ("noted", NO_RESPONSE), item="soup")
    script = [calls("order"), Answer("Yes?")]
    more = flow() if in_flow else ""
    async with quick_call(
        tmp_path, style, given, script, resources=resources, more=more, prompts=PROMPTS
    ) as call:
        await call.say("Soup.")
        await call.until(lambda: call.tool_ended)
        await call.say("Hello?")
        await call.said("Yes?")
        assert any("noted" in result for result in call.tool_results())
    assert call.agent_words[1:] == ["Yes?"]
    call.brain.assert_complete()


@pytest.mark.parametrize("style", STYLES)
async def test_a_caller_who_speaks_over_the_goodbye_of_a_node_is_answered_there(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    asked = [Answer("Welcome to Rosa.")] if style == "realtime" else []
    after = [Answer("One moment, soup."), Answer("Goodbye from Rosa.")] if style == "realtime" else []
    script = [calls("order"), *asked, PAY, *after, Answer("By card, of course.")]
    given = tools([], item="soup")
    with log_lines("ERROR") as lines:
        async with quick_call(
            tmp_path, style, given, script, resources=resources, more=flow(), prompts=PROMPTS
        ) as call:
            await call.say("Soup.")
            await call.until(lambda: any("One moment" in words for words in call.agent_words))
            await call.until(lambda: call.speaking)
            await call.say("Wait, do you take cards?")
            await call.said("By card, of course.")
            assert call.record.ended is None
    assert call.record.errors == []
    assert lines == []
