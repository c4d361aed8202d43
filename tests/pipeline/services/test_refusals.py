"""What a model refuses in words of another kind is heard as an answer is, whatever API it has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseRefusalDeltaEvent, ResponseTextDeltaEvent
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.chat_stream import note_finish_reasons

WORDS = ["I", " can't", " help", " with", " that."]
PLACE: dict[str, Any] = {"content_index": 0, "item_id": "i", "output_index": 0, "sequence_number": 1}


class Stream:
    """An SDK's stream of ``events``."""

    def __init__(self, events: list[Any]) -> None:
        self._events = events
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        for event in self._events:
            yield event

    async def close(self) -> None:
        self.closed = True


def chunk(delta: dict[str, Any] | None) -> ChatCompletionChunk:
    choices = [{"index": 0, "delta": delta, "finish_reason": None}]
    return ChatCompletionChunk.construct(
        id="c", created=1, model="gpt-4o", object="chat.completion.chunk", choices=choices
    )


async def test_a_refusal_of_a_chat_completion_is_its_words() -> None:
    refusals = [chunk({"content": None, "refusal": word}) for word in WORDS]
    stream = Stream([chunk({"role": "assistant", "content": "", "refusal": None}), *refusals, chunk(None)])

    async def complete(_context: LLMContext) -> Stream:
        return stream

    service: Any = OpenAILLMService(api_key="none")
    service.get_chat_completions = complete
    note_finish_reasons(service)
    pipecat_private.assemble_tool_calls(service)
    chunks = await service.get_chat_completions(LLMContext([]))
    deltas = [each.choices[0].delta async for each in chunks]
    assert [each.content for each in deltas if each and each.content] == WORDS
    await chunks.close()
    assert stream.closed


async def test_a_refusal_of_a_response_is_its_words() -> None:
    kind: Any = "response.refusal.delta"
    stream = Stream([ResponseRefusalDeltaEvent(type=kind, delta=word, **PLACE) for word in WORDS])

    async def create_stream(params: dict[str, Any]) -> Stream:
        return stream

    service: Any = OpenAIResponsesHttpLLMService(api_key="none")
    service._create_stream = create_stream
    pipecat_private.assemble_tool_calls(service)
    events = await service._create_stream({})
    heard = [event async for event in events]
    assert [event.delta for event in heard if isinstance(event, ResponseTextDeltaEvent)] == WORDS
    await events.close()
    assert stream.closed


@pytest.mark.parametrize("kind", ["response.refusal.delta", "response.output_text.delta"])
async def test_a_refusal_over_a_socket_is_its_words(kind: str) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": kind, "delta": "No."}

    service: Any = OpenAIResponsesLLMService(api_key="none")
    service._ws_recv = receive
    pipecat_private.assemble_tool_calls(service)
    assert await service._ws_recv() == {"type": "response.output_text.delta", "delta": "No."}
