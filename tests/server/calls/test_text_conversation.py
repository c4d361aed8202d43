"""Written conversations: the session, model, tools and turns of a call, without sound."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.records import Entry
from agentrun.server.calls.text_conversation import TextConversation, text_conversation
from agentrun.server.lifecycle.startup import Options
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, SPEC, STYLES

pytestmark = pytest.mark.parametrize("style", STYLES)


class Seen:
    """What was shown, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None:
        self.events.append(f"started {name}")

    def tool_ended(self, entry: Entry) -> None:
        self.events.append(f"{entry.name} {entry.status}")

    def words(self, piece: str) -> None:
        if self.events[-1:] != ["words"]:
            self.events.append("words")

    def answer_ended(self) -> None:
        """Not looked at."""


@contextlib.asynccontextmanager
async def talk_to(
    folder: Path, answers: Sequence[Answer], style: str, spec: str = SPEC
) -> AsyncIterator[tuple[TextConversation, OpenAIServer, Seen]]:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    path = folder / "desk.yaml"
    path.write_text(spec)
    seen = Seen()
    async with OpenAIServer(SilentEngine(), SilentEngine(), ScriptedBrain(answers)) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with text_conversation(path, environ, Options(style=style), seen) as talk:
            yield talk, openai, seen


async def test_the_agent_greets_looks_up_and_answers(tmp_path: Path, style: str) -> None:
    async with talk_to(tmp_path, [HELLO, LOOK_UP, OPEN], style) as (talk, _, seen):
        greeting = await talk.greeting()
        answer = await talk.say("When are you open?")
    assert (greeting.caller, greeting.agent) == (None, HELLO.text)
    assert answer.agent == OPEN.text
    [tool] = answer.tools
    assert (tool.name, tool.status, tool.text) == ("get_hours", "ok", "from six to eleven")
    assert seen.events == ["words", "started get_hours", "get_hours ok", "words"]


async def test_the_record_is_that_of_a_call(tmp_path: Path, style: str) -> None:
    async with talk_to(tmp_path, [HELLO, LOOK_UP, OPEN], style) as (talk, _, _):
        await talk.greeting()
        await talk.say("When are you open?")
    said = [(entry.who, entry.text) for entry in talk.record.transcript]
    assert ("agent", HELLO.text) in said
    assert ("caller", "When are you open?") in said
    assert ("agent", OPEN.text) in said
    assert (talk.record.ended_by, talk.record.reason) == ("caller", "the caller hung up")


async def test_the_model_is_given_the_callers_words_and_the_tools(tmp_path: Path, style: str) -> None:
    answers = [HELLO, OPEN, Answer("You are welcome.")]
    async with talk_to(tmp_path, answers, style) as (talk, openai, _):
        await talk.greeting()
        await talk.say("When are you open?")
        last = await talk.say("Thank you.")
    assert last.agent == "You are welcome."
    if style == "cascaded":
        body = openai.requests[-1].body
        users = [m["content"] for m in body["messages"] if m["role"] == "user"]
        assert users == ["When are you open?", "Thank you."]
        assert {tool["function"]["name"] for tool in body["tools"]} == {"get_hours", "get_slow_hours"}


async def test_a_caller_may_begin(tmp_path: Path, style: str) -> None:
    spec = SPEC.replace("greeting: Say hello.", "greeting: null")
    async with talk_to(tmp_path, [LOOK_UP, OPEN, HELLO], style, spec) as (talk, _, _):
        assert not talk.begins
        first = await talk.say("When are you open?")
        second = await talk.say("Hello?")
    assert (first.agent, second.agent) == (OPEN.text, HELLO.text)
    assert [tool.status for tool in first.tools] == ["ok"]


async def test_fixed_words_are_said_as_they_stand(tmp_path: Path, style: str) -> None:
    if style == "realtime":
        pytest.skip("a realtime model is asked to say them, as on a call")
    spec = SPEC.replace("greeting: Say hello.", "greeting: {say: Good evening.}")
    async with talk_to(tmp_path, [OPEN], style, spec) as (talk, _, _):
        assert (await talk.greeting()).agent == "Good evening."


async def test_a_model_that_fails_ends_the_call_with_the_apology(tmp_path: Path, style: str) -> None:
    if style == "realtime":
        pytest.skip("a realtime model that fails can't be written to: its apology is sound")
    async with talk_to(tmp_path, [HELLO], style) as (talk, openai, _):
        await talk.greeting()
        openai.conditions.faults["chat"] = Fault("status", 401)
        answer = await talk.say("When are you open?")
        await asyncio.wait_for(talk.wait_over(), 10)
    assert "I am sorry, goodbye." in answer.agent or talk.record.transcript[-1].text == "I am sorry, goodbye."
    assert talk.record.ended_by == "error"


async def test_two_tools_at_once_are_one_turn(tmp_path: Path, style: str) -> None:
    both = Answer(calls=(ToolCall("get_hours"), ToolCall("get_hours")))
    async with talk_to(tmp_path, [HELLO, both, OPEN], style) as (talk, _, _):
        await talk.greeting()
        answer = await talk.say("When are you open?")
    assert [tool.status for tool in answer.tools] == ["ok", "ok"]
    assert answer.agent == OPEN.text
