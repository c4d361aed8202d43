"""One response of the Responses API: its input items and its output events."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.openai.chat import pieces, usage
from agentrun.simulate.openai.mock_state import MockState
from agentrun.simulate.openai.realtime.client_events import InvalidEventError, need_item
from agentrun.simulate.openai.realtime.conversation_items import as_messages, as_tools

Item = dict[str, Any]
Event = dict[str, Any]


async def response_events(
    mock: MockState, agent: str, body: dict[str, Any], items: list[Item]
) -> AsyncIterator[Event]:
    """One response as its events, in order."""
    head = {
        "id": mock.new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "model": body.get("model", ""),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
    }
    number = 0

    def event(kind: str, **fields: Any) -> Event:
        nonlocal number
        number += 1
        return {"type": kind, "sequence_number": number, **fields}

    yield event("response.created", response={**head, "status": "in_progress", "output": []})
    messages = as_messages(str(body.get("instructions") or ""), items)
    answer = await mock.brain.answer(
        Conversation(messages, as_tools(body.get("tools")), agent, str(body.get("model")), _schema(body))
    )
    output = _output(mock, answer)
    for index, item in enumerate(output):
        async for step in _item_events(item, index):
            yield event(step.pop("type"), **step)
    spent = usage(messages, answer)
    counted = {
        "input_tokens": spent["prompt_tokens"],
        "output_tokens": spent["completion_tokens"],
        "total_tokens": spent["total_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    done = {**head, "status": "completed", "output": output, "usage": counted}
    yield event("response.completed", response=done)


def _schema(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema that the answer must follow, where one is given; any object, where JSON is."""
    text_format = (body.get("text") or {}).get("format") or {"type": "text"}
    return None if text_format["type"] == "text" else text_format.get("schema") or {}


async def _item_events(item: Item, index: int) -> AsyncIterator[Event]:
    """The events of one item: words one by one, or a call's arguments at once."""
    where = {"item_id": item["id"], "output_index": index}
    if item["type"] == "function_call":
        draft = {**item, "arguments": "", "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": index, "item": draft}
        yield {"type": "response.function_call_arguments.delta", "delta": item["arguments"], **where}
        finished = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": "response.function_call_arguments.done", **finished, **where}
    else:
        draft = {**item, "content": [], "status": "in_progress"}
        text = item["content"][0]["text"]
        part = {"content_index": 0, **where}
        yield {"type": "response.output_item.added", "output_index": index, "item": draft}
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", "part": empty, **part}
        for word in pieces(text):
            yield {"type": "response.output_text.delta", "delta": word, "logprobs": [], **part}
        yield {"type": "response.output_text.done", "text": text, "logprobs": [], **part}
        yield {"type": "response.content_part.done", "part": item["content"][0], **part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _output(mock: MockState, answer: Answer) -> list[Item]:
    output: list[Item] = [
        {
            "id": mock.new_id("fc"),
            "type": "function_call",
            "status": "completed",
            "call_id": mock.new_id("call"),
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for call in answer.calls
    ]
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        item = {"id": mock.new_id("msg"), "type": "message", "status": "completed"}
        output.append({**item, "role": "assistant", "content": content})
    return output


def as_items(given: Any) -> list[Item]:
    """Input as items: a bare text is the user's, and a message may leave its type out.

    Raises InvalidEventError when it is neither a text nor a list of items.
    """
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    items = []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise InvalidEventError("invalid_type", "'input' must be a text or a list of items.", "input")
    for number, item in enumerate(given):
        content = item.get("content")
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        try:
            items.append(need_item({"item": {"type": "message", **item, "content": parts}}))
        except InvalidEventError as misfit:
            raise InvalidEventError(misfit.code, misfit.message, f"input[{number}]") from None
    return items
