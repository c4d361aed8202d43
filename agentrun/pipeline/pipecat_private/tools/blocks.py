"""Tool calls of Anthropic and Amazon Bedrock models, whose arguments may not be JSON.

Pipecat 1.14 ends the turn with an error where it can't read them (Anthropic), or forgets the call (Bedrock),
and of several calls in one of Anthropic's answers it runs the last alone. Here the pieces of the arguments
are taken out of the stream, and each call goes on whole, with arguments that can be read.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.tools.arguments import unreadable_arguments

_MOST_CHARACTERS = 256_000
"""Of one call's arguments; more is none that a tool was meant to get."""


def assemble_tool_blocks(llm: object) -> None:
    """Have a service of Anthropic's or Bedrock's run each tool call; other services are left as they are.

    Arguments that are no JSON object reach the tool as ``unreadable_arguments``, which tells the model.
    """
    if is_replaceable(llm, "_create_message_stream"):

        async def create_message_stream(api_call: Any, params: Any) -> Any:
            return anthropic_events(await create(api_call, params))

        create = replace_method(llm, "_create_message_stream", create_message_stream)
    if is_replaceable(llm, "_create_converse_stream"):

        async def create_converse_stream(client: Any, params: Any) -> Any:
            response = await converse(client, params)
            return {**response, "stream": bedrock_events(response["stream"])}

        converse = replace_method(llm, "_create_converse_stream", create_converse_stream)


@dataclass
class _Block:
    start: Any
    text: str = ""

    def add(self, piece: str) -> None:
        self.text += piece[: max(0, _MOST_CHARACTERS - len(self.text))]

    def arguments(self) -> str:
        return json.dumps(unreadable_arguments.read(self.text), ensure_ascii=False)


async def anthropic_events(stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The events of a message; its tool calls come behind the rest, each with an end of its own."""
    blocks: dict[Any, _Block] = {}
    async for event in stream:
        if event.type == "content_block_start" and event.content_block.type == "tool_use":
            if len(blocks) <= unreadable_arguments.MOST_CALLS:
                blocks[event.index] = _Block(event)
        elif event.type == "content_block_delta" and hasattr(event.delta, "partial_json"):
            if block := blocks.get(event.index):
                block.add(event.delta.partial_json)
        elif event.type == "message_delta" and blocks and _calls(event):
            for block in blocks.values():
                yield block.start
                yield SimpleNamespace(
                    type="content_block_delta",
                    index=block.start.index,
                    delta=SimpleNamespace(partial_json=block.arguments()),
                )
                yield _called(event)
            blocks = {}
        else:
            yield event


def _calls(event: Any) -> bool:
    """Whether the model is at the end of its calls, or was cut in the midst of one."""
    return getattr(event.delta, "stop_reason", None) in ("tool_use", "max_tokens")


def _called(event: Any) -> Any:
    delta = SimpleNamespace(stop_reason="tool_use", stop_details=getattr(event.delta, "stop_details", None))
    return SimpleNamespace(type="message_delta", delta=delta, usage=event.usage)


async def bedrock_events(stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The events of an answer; the arguments of each tool call come whole, before the end of its block."""
    texts: dict[Any, _Block] = {}
    async for event in stream:
        piece = event.get("contentBlockDelta", {})
        call = piece.get("delta", {}).get("toolUse")
        if call is not None and "input" in call:
            texts.setdefault(piece["contentBlockIndex"], _Block(None)).add(call["input"])
            continue
        ended = event.get("contentBlockStop", {}).get("contentBlockIndex")
        if ended in texts:
            delta = {"toolUse": {"input": texts.pop(ended).arguments()}}
            yield {"contentBlockDelta": {"contentBlockIndex": ended, "delta": delta}}
        yield event
