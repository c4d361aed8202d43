"""``/v1/responses``: over HTTP as a stream or at once, and over a WebSocket."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agentrun.simulate.engines import Answer, Conversation
from agentrun.simulate.openai.bodies import read_json
from agentrun.simulate.openai.chat import pieces, usage
from agentrun.simulate.openai.conversation_items import as_messages, as_tools
from agentrun.simulate.openai.errors import key_problem, strike
from agentrun.simulate.openai.mind import Mind, Request

Item = dict[str, Any]
Event = dict[str, Any]


def router(mind: Mind) -> APIRouter:
    """The Responses routes, for one agent and for all."""
    routes = APIRouter()

    @routes.post("/v1/responses")
    @routes.post("/{agent}/v1/responses")
    async def responses(request: HttpRequest, agent: str = "") -> Response:
        body = await read_json(request)
        mind.requests.append(Request("responses", agent, body))
        refused = key_problem(request) or await strike(mind.conditions.strike("responses"), request)
        if refused:
            return refused
        await mind.conditions.wait("responses")
        items = _items(body.get("input"))
        events = _events(mind, agent, body, items)
        if body.get("stream"):
            return StreamingResponse(_as_lines(events), media_type="text/event-stream")
        last = [event async for event in events][-1]
        return JSONResponse(last["response"])

    @routes.websocket("/v1/responses")
    @routes.websocket("/{agent}/v1/responses")
    async def socket(socket: WebSocket, agent: str = "") -> None:
        if not socket.headers.get("authorization", "").startswith("Bearer "):
            await socket.close(1008)
            return
        await socket.accept()
        await _serve(mind, agent, socket)

    return routes


async def _serve(mind: Mind, agent: str, socket: WebSocket) -> None:
    """Answer each ``response.create``; a response may go on from the one that it names."""
    known: dict[str, list[Item]] = {}
    try:
        while True:
            body = json.loads(await socket.receive_text())
            if body.get("type") != "response.create":
                continue
            mind.requests.append(Request("responses", agent, body))
            before = body.get("previous_response_id")
            if before is not None and before not in known:
                await socket.send_text(json.dumps(_unknown(before)))
                continue
            await mind.conditions.wait("responses")
            items = [*known.get(before, []), *_items(body.get("input"))]
            async for event in _events(mind, agent, body, items):
                await socket.send_text(json.dumps(event))
                if event["type"] == "response.completed":
                    known = {event["response"]["id"]: [*items, *event["response"]["output"]]}
    except (WebSocketDisconnect, RuntimeError):
        return


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
    """Input as items: a bare text is the user's, and a message may leave its type out."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    items = []
    for item in given or []:
        content = item.get("content")
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        items.append({"type": "message", **item, "content": parts})
    return items


async def _as_lines(events: AsyncIterator[Event]) -> AsyncIterator[str]:
    async for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _unknown(response_id: str) -> Event:
    text = f"Previous response with id '{response_id}' not found."
    problem = {"type": "invalid_request_error", "code": "previous_response_not_found", "message": text}
    return {"type": "error", "status": 400, "error": {**problem, "param": "previous_response_id"}}
