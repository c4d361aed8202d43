"""Speaks a model's ``refusal``, which Pipecat 1.14 does not read.

See https://platform.openai.com/docs/api-reference/responses-streaming/response/refusal/delta
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from openai.types.responses import ResponseRefusalDeltaEvent, ResponseTextDeltaEvent
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.services.connections.whole_answers import WholeAnswer

_REFUSAL, _WORDS = "response.refusal.delta", "response.output_text.delta"


def speak(llm: OpenAIResponsesLLMService | OpenAIResponsesHttpLLMService) -> None:
    """Have a model of the Responses API say its refusals."""
    if isinstance(llm, OpenAIResponsesLLMService):

        async def receive() -> dict[str, Any]:
            event: dict[str, Any] = await heard()
            return {**event, "type": _WORDS} if event.get("type") == _REFUSAL else event

        heard = replace_method(llm, "_ws_recv", receive)
    if isinstance(llm, OpenAIResponsesHttpLLMService):

        async def create_stream(params: dict[str, Any]) -> SpokenRefusals:
            return SpokenRefusals(await create(params))

        create = replace_method(llm, "_create_stream", create_stream)


class SpokenRefusals:
    """The events of ``stream``, a refusal's words as those of an answer, be they a stream or one response."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        if (response := getattr(stream, "response", None)) is not None:
            WholeAnswer(response)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for event in self._stream:
            yield _as_words(event) if isinstance(event, ResponseRefusalDeltaEvent) else event

    async def close(self) -> None:
        """Let go of the connection."""
        await self._stream.close()


def _as_words(event: ResponseRefusalDeltaEvent) -> ResponseTextDeltaEvent:
    return ResponseTextDeltaEvent(
        content_index=event.content_index,
        delta=event.delta,
        item_id=event.item_id,
        logprobs=[],
        output_index=event.output_index,
        sequence_number=event.sequence_number,
        type=_WORDS,
    )
