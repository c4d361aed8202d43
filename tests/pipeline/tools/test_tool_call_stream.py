"""A streamed answer with tool calls, through Pipecat's own reading of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk
from pipecat.frames.frames import FunctionCallFromLLM, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService

from agentrun.pipeline import pipecat_private
from agentrun.tools.arguments import unreadable_arguments


def chunk(delta: dict[str, Any], finish: str | None = None) -> ChatCompletionChunk:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return ChatCompletionChunk.construct(
        id="c", created=1, model="gpt-4o", object="chat.completion.chunk", choices=choices
    )


def call(name: str, arguments: str, index: int, call_id: str) -> dict[str, Any]:
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


class Stream:
    """The SDK's stream: it is iterated once and closed."""

    def __init__(self, chunks: Sequence[ChatCompletionChunk]) -> None:
        self._chunks = chunks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        for each in self._chunks:
            yield each

    async def close(self) -> None:
        self.closed = True


class Model(OpenAILLMService):
    """Answers with given chunks, and keeps what Pipecat makes of them."""

    def __init__(self, *chunks: ChatCompletionChunk) -> None:
        super().__init__(api_key="none")
        self.stream = Stream(chunks)
        self.calls: list[FunctionCallFromLLM] = []
        self.words = ""

    async def get_chat_completions(self, context: LLMContext) -> Any:
        return self.stream

    async def run_function_calls(self, function_calls: Sequence[FunctionCallFromLLM]) -> None:
        self.calls += function_calls

    async def push_frame(self, frame: object, *_: object) -> None:
        if isinstance(frame, LLMTextFrame):
            self.words += frame.text

    async def answer(self) -> list[tuple[str, object]]:
        await self._process_context(LLMContext())
        return [(each.function_name, each.arguments) for each in self.calls]


def one_chunk() -> ChatCompletionChunk:
    return chunk(
        {
            "content": "One moment.",
            "tool_calls": [call("order_status", '{"number": 7}', 0, "a"), call("opening_hours", "", 0, "b")],
        }
    )


async def test_two_calls_and_words_in_one_chunk_are_all_taken() -> None:
    model = Model(one_chunk(), chunk({}, "tool_calls"))
    pipecat_private.assemble_tool_calls(model)
    assert await model.answer() == [("order_status", {"number": 7}), ("opening_hours", {})]
    assert model.words == "One moment."
    assert model.stream.closed


@pytest.mark.parametrize(
    "calls",
    [
        [{"index": 0, "id": 7, "function": {"name": "order_status", "arguments": '{"number": 7}'}}],
        {"index": 0, "id": "a", "function": {"name": "order_status", "arguments": '{"number": 7}'}},
        {"id": 7, "function": {"name": "order_status", "arguments": {"number": 7}}},
    ],
    ids=["a number for an id", "no list", "neither, and arguments as an object"],
)
async def test_a_call_in_another_shape_is_run(calls: object) -> None:
    model = Model(chunk({"tool_calls": calls}), chunk({}, "tool_calls"))
    pipecat_private.assemble_tool_calls(model)
    assert await model.answer() == [("order_status", {"number": 7})]
    assert isinstance(model.calls[0].tool_call_id, str)


async def test_pipecat_still_loses_the_second_call_of_a_chunk() -> None:
    """When this fails, Pipecat puts the calls together itself, and ours can go."""
    assert await Model(one_chunk(), chunk({}, "tool_calls")).answer() == [("order_status", {"number": 7})]


async def test_arguments_cut_by_the_length_limit_reach_the_tool_as_unreadable() -> None:
    piece = chunk({"tool_calls": [call("order_status", '{"number": 7', 0, "a")]})
    model = Model(piece, chunk({}, "length"))
    pipecat_private.assemble_tool_calls(model)
    assert await model.answer() == [("order_status", {unreadable_arguments.KEY: '{"number": 7'})]


async def test_pipecat_still_drops_a_call_with_unreadable_arguments() -> None:
    piece = chunk({"tool_calls": [call("order_status", '{"number": 7', 0, "a")]})
    assert await Model(piece, chunk({}, "length")).answer() == []


async def test_an_id_that_the_conversation_holds_is_not_used_again() -> None:
    used: Any = {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "x", "arguments": "{}"}}],
    }
    model = Model(chunk({"tool_calls": [call("order_status", "{}", 0, "a")]}))
    pipecat_private.assemble_tool_calls(model)
    await model._process_context(LLMContext([used]))
    assert model.calls[0].tool_call_id != "a"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [("", {}), ("null", {}), ('{"number": 7', {unreadable_arguments.KEY: '{"number": 7'})],
)
async def test_the_responses_api_hands_on_what_it_can_t_read(text: str, arguments: object) -> None:
    model = OpenAIResponsesHttpLLMService(api_key="none")
    pipecat_private.assemble_tool_calls(model)
    written = {"item": {"name": "order_status", "call_id": "a", "arguments": text}}
    [made] = model._process_function_calls(LLMContext(), written)
    assert made.arguments == arguments
    json.dumps(made.arguments)
