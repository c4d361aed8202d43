"""A provider refuses how a request is made: it is made otherwise, and the caller is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.engines.scripted import ScriptedBrain
from agentrun.simulate.openai.request_bodies import RefusedError
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.quick import QuickCall, played
from tests.calls.realtime_server import Server

OPEN, TABLE = Answer("We are open from six."), Answer("A table for two.")
Rule = Callable[[Conversation], str]
"""Why a server refuses a conversation; nothing where it takes it."""


def gemma(asked: Conversation) -> str:
    """As the template of Gemma 3 in vLLM: https://github.com/vllm-project/vllm/issues/6862 and others."""
    messages = asked.messages[1:] if asked.messages[0]["role"] == "system" else asked.messages
    by_turns = all(one["role"] == ("user", "assistant")[i % 2] for i, one in enumerate(messages))
    return "" if by_turns else "Conversation roles must alternate user/assistant/user/assistant/..."


def without_developer(asked: Conversation) -> str:
    return "Unexpected message role." if any(m["role"] == "developer" for m in asked.messages) else ""


def without_arrays(asked: Conversation) -> str:
    """As OpenAI refuses a list of which nobody says what it holds, by the tool's name."""
    for one in asked.tools:
        function = one["function"]
        for name, shape in function["parameters"]["properties"].items():
            if shape.get("type") == "array" and "items" not in shape:
                where = f"In context=('properties', '{name}'), array schema missing items."
                return f"Invalid schema for function '{function['name']}': {where}"
    return ""


def short_descriptions(asked: Conversation) -> str:
    """As OpenAI refused a description, by the tool's place."""
    for place, one in enumerate(asked.tools):
        size = len(one["function"]["description"])
        if size > 1024:
            long = f"Expected a string with maximum length 1024, but got one with length {size} instead."
            return f"Invalid 'tools[{place}].function.description': string too long. {long}"
    return ""


def like_gemini(asked: Conversation) -> str:
    for place, one in enumerate(asked.tools):
        if one["function"]["name"].startswith("odd"):
            declared = f"tools[0].function_declarations[{place}].parameters"
            return f"GenerateContentRequest.{declared}.properties[x].items: missing field."
    return ""


def strict(monkeypatch: pytest.MonkeyPatch, rule: Rule, status: int = 400) -> list[Conversation]:
    """Have the model's server refuse by ``rule``; gives what it was asked and has refused."""
    refused: list[Conversation] = []
    real = ScriptedBrain.answer

    async def answer(brain: ScriptedBrain, conversation: Conversation) -> Answer:
        if why := rule(conversation):
            refused.append(conversation)
            raise RefusedError(why, status)
        return await real(brain, conversation)

    monkeypatch.setattr(ScriptedBrain, "answer", answer)
    return refused


def offered(name: str, properties: dict[str, Any], description: str = "Look it up.") -> Tool:
    """A tool as an MCP server lists it, which nobody has looked at."""

    @tool(name=name)
    async def run() -> str:
        """Look it up."""
        return "done"

    parameters = {"type": "object", "properties": properties, "required": []}
    return replace(build(run, "desk"), parameters=parameters, description=description)


def ask(folder: Path, tools: list[Tool], more: str = "") -> QuickCall:
    """A call in which the caller asks twice."""

    async def talk(call: QuickCall) -> None:
        for answer in (OPEN, TABLE):
            await call.say("When are you open?")
            await call.said(answer.text)

    return played(folder, "cascaded", tools, [OPEN, TABLE], talk, more=more)


@pytest.mark.parametrize("status", [400, 500])
def test_a_model_whose_roles_must_alternate_is_talked_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    refused = strict(monkeypatch, gemma, status)
    call = ask(tmp_path, [])
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text]
    assert {str(one.messages) for one in refused} == {str(refused[0].messages)}, "it was sent so again"
    told = call.brain.asked[-1].messages
    assert "You answer for a restaurant." in told[0]["content"]
    assert [one["role"] for one in told] == ["user", "assistant", "user", "assistant", "user"]
    assert "request_mended: the roles of user and assistant alternate" in call.record.errors


def test_a_model_that_knows_no_developer_is_talked_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(monkeypatch, without_developer)
    flow = (
        "flow: {initial_node: open, nodes: {open: {respond_immediately: false, "
        "task_messages: [{role: developer, content: Help.}]}}}\n"
    )
    call = ask(tmp_path, [], more=flow)
    assert call.agent_words[-1] == TABLE.text


@pytest.mark.parametrize(
    ("rule", "odd", "done"),
    [
        (without_arrays, offered("odd", {"x": {"type": "array"}}), "the tool odd is left out"),
        (like_gemini, offered("odd", {"x": {"type": "string"}}), "the tool odd is left out"),
        (
            short_descriptions,
            offered("odd", {}, "word " * 500),
            "the description of odd is cut to 1024 characters",
        ),
    ],
    ids=["by name", "by place", "description"],
)
def test_a_tool_that_is_refused_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: Rule, odd: Tool, done: str
) -> None:
    refused = strict(monkeypatch, rule)
    call = ask(tmp_path, [offered("good", {}), odd, offered("better", {})])
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text]
    assert len(refused) == 1
    assert f"request_mended: {done}" in call.record.errors
    names = [one["function"]["name"] for one in call.brain.asked[-1].tools]
    assert names == (["good", "odd", "better"] if "cut" in done else ["good", "better"])


def test_several_refused_tools_are_left_out_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(monkeypatch, like_gemini)
    tools = [offered(name, {}) for name in ("odd_1", "good", "odd_2", "odd_3")]
    call = ask(tmp_path, tools)
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text]
    assert [one["function"]["name"] for one in call.brain.asked[-1].tools] == ["good"]


def of_session(event: dict[str, Any]) -> str:
    """As OpenAI refuses a realtime session with a tool that it does not take, and with it all the others."""
    names = [one["name"] for one in event["session"].get("tools") or []] if "session" in event else []
    if "odd_1" in names:
        return "Invalid schema for function 'odd_1': array schema missing items."
    place = names.index("odd_2") if "odd_2" in names else None
    return "" if place is None else f"Invalid 'session.tools[{place}].name': string too long."


def test_a_realtime_session_that_a_tool_is_refused_of_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    server.why_refused = of_session
    tools = [offered(name, {}) for name in ("good", "odd_1", "odd_2", "better")]

    async def talk(call: QuickCall) -> None:
        await call.said("Hello.")
        await asyncio.sleep(1)
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = played(tmp_path, "realtime", tools, [OPEN], talk)
    assert [one["function"]["name"] for one in call.brain.asked[-1].tools] == ["good", "better"]
    mended = [line for line in call.record.errors if line.startswith("request_mended")]
    assert mended == [f"request_mended: the tool {name} is left out" for name in ("odd_1", "odd_2")]


def test_what_can_t_be_mended_ends_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strict(monkeypatch, lambda asked: f"Conversation roles must alternate {len(asked.messages)}")

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.record.ended_by or "again" in str(call.agent_words))
        await call.say("When are you open?")
        await call.until(lambda: call.record.ended_by)

    call = played(tmp_path, "cascaded", [], [OPEN], talk, apology=bytes(9600))
    assert call.record.ended_by == "error"
