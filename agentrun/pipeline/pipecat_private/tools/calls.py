"""Assembles the tool calls of a chat completion, in whatever way the provider streams them.

Pipecat 1.14 reads the first tool call of each chunk alone, takes a change of ``index`` for a new call, and
counts the indices itself from 0. Servers that speak the protocol of chat completions send several calls in
one chunk, all of them with index 0, without an index, counted from 1, with the id in each delta or in none:
a call is lost, another is run with nothing, two are joined. Here the deltas are taken out of the stream, and
each call goes on as one chunk at its end, which Pipecat reads as it was meant.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall, ChoiceDeltaToolCallFunction
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.base_llm import BaseOpenAILLMService
from pipecat.services.openai.responses.llm import (
    OpenAIResponsesHttpLLMService,
    OpenAIResponsesLLMService,
)

from agentrun.pipeline.pipecat_private import refusals
from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.tools.call_deltas import ToolCallDeltas, WholeCall
from agentrun.tools.arguments import unreadable_arguments

CUT = ("length", "content_filter")
"""Reasons for which a provider stops in the middle of what the model writes."""


def assemble_tool_calls(llm: object) -> None:
    """Have a model's service run each tool call of an answer once, however it was streamed.

    Arguments that are no JSON object reach the tool as ``unreadable_arguments``, which tells the model.
    """
    if isinstance(llm, OpenAIResponsesLLMService | OpenAIResponsesHttpLLMService):
        _read_arguments(llm)
        refusals.speak(llm)
    if not isinstance(llm, BaseOpenAILLMService):
        return

    async def get_chat_completions(context: LLMContext) -> ToolCallStream:
        names, ids = _names(context), _ids(context)
        return ToolCallStream(await complete(context), ToolCallDeltas(names, ids))

    complete = replace_method(llm, "get_chat_completions", get_chat_completions)


def _read_arguments(llm: OpenAIResponsesLLMService | OpenAIResponsesHttpLLMService) -> None:
    """Pipecat drops a call of the Responses API whose arguments it can't read, and the model waits for it."""

    def process_function_calls(context: LLMContext, function_calls: dict[str, dict[str, str]]) -> Any:
        for call in function_calls.values():
            call["arguments"] = json.dumps(unreadable_arguments.read(call["arguments"] or ""))
        return process(context, function_calls)

    process = replace_method(llm, "_process_function_calls", process_function_calls)


class ToolCallStream:
    """A streamed completion, whose tool calls come whole, one a chunk, behind all other chunks."""

    def __init__(self, stream: Any, deltas: ToolCallDeltas) -> None:
        self._stream = stream
        self._deltas = deltas

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        chunks = self._stream.__aiter__()
        last: ChatCompletionChunk | None = None
        cut = False
        try:
            async for chunk in chunks:
                choice = chunk.choices[0] if chunk.choices else None
                cut = cut or (choice is not None and choice.finish_reason in CUT)
                if choice is not None and choice.delta and choice.delta.tool_calls:
                    for delta in _deltas(choice.delta.tool_calls):
                        self._deltas.add(delta)
                    choice.delta.tool_calls, last = None, chunk
                yield chunk
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()
        if last:
            for index, call in enumerate(self._deltas.whole(cut=cut)):
                yield _chunk(last, index, call)

    async def __aenter__(self) -> ToolCallStream:
        """SambaNova's service reads the stream as a context manager, as OpenAI's own is one."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Release the connection."""
        close = getattr(self._stream, "close", None) or self._stream.aclose
        await close()


def _deltas(calls: Any) -> Iterable[ChoiceDeltaToolCall]:
    """Some servers send the only call itself in the place of a list."""
    if isinstance(calls, dict):
        function = ChoiceDeltaToolCallFunction.construct(**(calls.get("function") or {}))
        return [ChoiceDeltaToolCall.construct(**{**calls, "function": function})]
    return calls if isinstance(calls, list) else []


def _chunk(like: ChatCompletionChunk, index: int, call: WholeCall) -> ChatCompletionChunk:
    """One call in one chunk, as OpenAI itself would send it."""
    function = ChoiceDeltaToolCallFunction(name=call.name, arguments=call.arguments)
    delta = ChoiceDeltaToolCall(index=index, id=call.id, type="function", function=function)
    choice = like.choices[0]
    return like.model_copy(
        update={
            "usage": None,
            "choices": [
                choice.model_copy(
                    update={
                        "finish_reason": None,
                        "delta": choice.delta.model_copy(update={"tool_calls": [delta], "content": None}),
                    }
                )
            ],
        }
    )


def _names(context: LLMContext) -> Collection[str]:
    tools = context.tools
    return {tool.name for tool in getattr(tools, "standard_tools", ())}


def _ids(context: LLMContext) -> Collection[str]:
    """The calls that the conversation holds: Pipecat finds a call's result by its id alone."""
    ids: set[str] = set()
    for message in context.get_messages():
        if isinstance(message, dict):
            calls: Any = message.get("tool_calls") or ()
            ids.update(str(call.get("id")) for call in calls)
    return ids
