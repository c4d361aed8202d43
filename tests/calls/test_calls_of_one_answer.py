"""Several tools that one answer of the model calls: it goes on once, when the last of them has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.testing import virtual_time
from agentrun.tools.arguments.unreadable_arguments import MOST_CALLS
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, played, quick_call

MANY = 500
NO_ARGUMENTS = {"type": "object", "properties": {}}
NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}}
BOTH = Answer(calls=(ToolCall("slow", {}), ToolCall("nope", {})))


def slow() -> Tool:
    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        await asyncio.sleep(1.5)
        return "found it"

    return Tool("slow", "d", NO_ARGUMENTS, plugin="p", origin="o", run=run, say="")


@pytest.mark.parametrize("style", STYLES)
def test_a_made_up_tool_beside_a_real_one_makes_one_answer(tmp_path: Path, style: str) -> None:
    async def talk() -> QuickCall:
        script = [BOTH, Answer("One."), Answer("Two.")]
        async with (
            Resources() as resources,
            quick_call(tmp_path, style, [slow()], script, resources=resources) as call,
        ):
            await call.say("Do it.")
            await call.said("One.")
            await asyncio.sleep(4)
            return call

    call = virtual_time.run(talk())
    assert call.agent_words == ["Hello.", "One."]
    assert any("found it" in result for result in call.tool_results())
    assert any("There is no tool nope" in result for result in call.tool_results())


def test_a_tool_called_by_a_model_that_has_another_behind_it_makes_one_answer(tmp_path: Path) -> None:
    """An answer that is nothing but the call of a tool is no empty one, which the next model is asked for."""
    second = ("pipeline.llm.fallback", "[{{model: openai/gpt-4o-mini, base_url: 'http://{address}/v1'}}]")
    script = [Answer(calls=(ToolCall("slow", {}),)), Answer("One."), Answer("Two.")]

    async def talk(call: QuickCall) -> None:
        await call.say("Do it.")
        await call.said("One.")
        await asyncio.sleep(4)

    call = played(tmp_path, "cascaded", [slow()], script, talk, overrides=[second])
    assert call.agent_words == ["Hello.", "One."]
    assert (call.record.errors, call.record.failovers) == ([], [])
    assert len(call.brain.asked) == 2


@pytest.mark.parametrize("style", STYLES)
def test_an_answer_may_call_so_many_tools_and_the_model_is_told_of_the_rest(
    tmp_path: Path, style: str
) -> None:
    ran: list[int] = []

    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        ran.append(arguments["number"])
        return "done"

    quick = Tool("quick", "d", NUMBER, plugin="p", origin="o", run=run, say="")
    many = Answer(calls=tuple(ToolCall("quick", {"number": number}) for number in range(MANY)))

    async def talk() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(tmp_path, style, [quick], [many, Answer("One.")], resources=resources) as call,
        ):
            await call.say("Do them all.")
            await call.said("One.")
            return call

    call = virtual_time.run(talk())
    assert sorted(ran) == list(range(MOST_CALLS))
    statuses = [entry.status for entry in call.record.transcript if entry.who == "tool"]
    assert statuses.count("refused") == 1
    assert len(statuses) == MOST_CALLS + 1
    assert any("An answer may call 64 tools at the most." in result for result in call.tool_results())
