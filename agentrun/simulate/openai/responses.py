"""``/v1/responses``: over HTTP as a stream or at once, and over a WebSocket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agentrun.simulate.engines import Answer, Conversation
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import sockets
from agentrun.simulate.openai.audio import CutShortError
from agentrun.simulate.openai.bodies import RefusedError, read_json
from agentrun.simulate.openai.chat import pieces, usage
from agentrun.simulate.openai.conversation_items import as_messages, as_tools
from agentrun.simulate.openai.errors import key_problem, strike
from agentrun.simulate.openai.mind import Mind, Request
from agentrun.simulate.openai.socket_events import MisfitError, need_item

Item = dict[str, Any]
Event = dict[str, Any]


def router(mind: Mind) -> APIRouter:
    """The Responses routes, for one agent and for all."""
    routes = APIRouter()

    @routes.post("/v1/responses")
    @routes.post("/{agent}/v1/responses")
    async def responses(request: HttpRequest, agent: str = "") -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mind.requests.append(Request("responses", agent, body))
        fault = mind.conditions.strike("responses")
        if struck := await strike(fault, request):
            return struck
        await mind.conditions.wait("responses")
        try:
            items = _items(body.get("input"))
        except MisfitError as misfit:
            raise RefusedError(misfit.message) from None
        events = _events(mind, agent, body, items)
        if body.get("stream"):
            return StreamingResponse(_as_lines(events, fault), media_type="text/event-stream")
        last = [event async for event in events][-1]
        return JSONResponse(last["response"])

    @routes.websocket("/v1/responses")
    @routes.websocket("/{agent}/v1/responses")
    async def socket(socket: WebSocket, agent: str = "") -> None:
        fault = mind.conditions.strike("responses")
        if await sockets.refuse(socket, fault):
            return
        await socket.accept()
        await sockets.serve(_Responses(mind, agent, socket.send_text), socket, fault)

    return routes


class _Responses:
    """One socket: each ``response.create`` is answered, and may go on from the response that it names."""

    def __init__(self, mind: Mind, agent: str, send: Callable[[str], Awaitable[None]]) -> None:
        self._mind = mind
        self._agent = agent
        self._send = send
        self._known: dict[str, list[Item]] = {}

    async def begin(self) -> None:
        """The client speaks first."""

    async def expire(self) -> None:
        """The socket lasts as long as its client wants."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is under way."""

    async def error(self, code: str, text: str, event_id: str | None = None) -> None:
        """Send an error event."""
        del event_id
        problem = {"type": "invalid_request_error", "code": code, "message": text, "param": None}
        await self._send(json.dumps({"type": "error", "status": 400, "error": problem}))

    async def take(self, event: Event) -> None:
        """One event of the client's."""
        if event.get("type") != "response.create":
            raise MisfitError("unknown_event", f"unknown event {event.get('type')!r}")
        mind = self._mind
        mind.requests.append(Request("responses", self._agent, event))
        before = event.get("previous_response_id")
        if before is not None and before not in self._known:
            text = f"Previous response with id '{before}' not found."
            raise MisfitError("previous_response_not_found", text)
        await mind.conditions.wait("responses")
        items = [*(self._known[before] if before else []), *_items(event.get("input"))]
        async for step in _events(mind, self._agent, event, items):
            await self._send(json.dumps(step))
            if step["type"] == "response.completed":
                self._known = {step["response"]["id"]: [*items, *step["response"]["output"]]}


async def _events(mind: Mind, agent: str, body: dict[str, Any], items: list[Item]) -> AsyncIterator[Event]:
    """One response as its events, in order."""
    head = {
        "id": mind.new_id("resp"),
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
    answer = await mind.brain.answer(Conversation(messages, as_tools(body.get("tools")), agent))
    output = _output(mind, answer)
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


async def _item_events(item: Item, index: int) -> AsyncIterator[Event]:
    """The events of one item: words one by one, or a call's arguments at once."""
    where = {"item_id": item["id"], "output_index": index}
    if item["type"] == "function_call":
        begun = {**item, "arguments": "", "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": index, "item": begun}
        yield {"type": "response.function_call_arguments.delta", "delta": item["arguments"], **where}
        finished = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": "response.function_call_arguments.done", **finished, **where}
    else:
        begun = {**item, "content": [], "status": "in_progress"}
        text = item["content"][0]["text"]
        part = {"content_index": 0, **where}
        yield {"type": "response.output_item.added", "output_index": index, "item": begun}
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", "part": empty, **part}
        for word in pieces(text):
            yield {"type": "response.output_text.delta", "delta": word, "logprobs": [], **part}
        yield {"type": "response.output_text.done", "text": text, "logprobs": [], **part}
        yield {"type": "response.content_part.done", "part": item["content"][0], **part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _output(mind: Mind, answer: Answer) -> list[Item]:
    output: list[Item] = [
        {
            "id": mind.new_id("fc"),
            "type": "function_call",
            "status": "completed",
            "call_id": mind.new_id("call"),
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for call in answer.calls
    ]
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        item = {"id": mind.new_id("msg"), "type": "message", "status": "completed"}
        output.append({**item, "role": "assistant", "content": content})
    return output


def _items(given: Any) -> list[Item]:
    """Input as items: a bare text is the user's, and a message may leave its type out.

    Raises MisfitError when it is neither a text nor a list of items.
    """
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    items = []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise MisfitError("invalid_type", "'input' must be a text or a list of items.")
    for item in given:
        content = item.get("content")
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        items.append(need_item({"item": {"type": "message", **item, "content": parts}}))
    return items


async def _as_lines(events: AsyncIterator[Event], fault: Fault | None) -> AsyncIterator[str]:
    """Server-sent events; a cut breaks the connection off after ``fault.after`` of them."""
    sent = 0
    async for event in events:
        if fault and fault.kind == "cut" and sent >= max(1, fault.after):
            raise CutShortError
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        sent += 1
