"""``/v1/chat/completions``, streamed and complete."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import break_off, key_problem, strike
from agentrun.simulate.openai.known_names import require_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import read_json
from agentrun.simulate.openai.request_shapes import Chat, require
from agentrun.simulate.openai.sound_files import read_part


def routes(mock: MockState) -> list[Route]:
    """The chat route, for one agent and for all."""

    async def completions(request: HttpRequest, agent: str) -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("chat", agent, body))
        fault = mock.conditions.strike("chat")
        if struck := await strike(
            fault, request, streams=bool(body.get("stream")), malformed=b"data: {no json\n\n"
        ):
            return struck
        require_model(body.get("model"))
        require(Chat, body)
        await mock.conditions.wait("chat")
        messages = [await hear_parts(mock, message) for message in body["messages"]]
        tools = [tool for tool in body.get("tools") or [] if "function" in tool]
        conversation = Conversation(messages, tools, agent, str(body.get("model")), _schema(body))
        is_empty = fault is not None and fault.kind == "empty"
        answers = [
            Answer("") if is_empty else await mock.brain.answer(conversation)
            for _ in range(body.get("n") or 1)
        ]
        if not body.get("stream") or (fault and fault.kind == "whole"):
            return JSONResponse(_completion(mock, body, answers))
        return StreamingResponse(_stream(mock, body, answers, fault), media_type="text/event-stream")

    return route("POST", "/v1/chat/completions", completions)


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema that the answer must follow, where one is given; any object, where JSON is."""
    response_format = body.get("response_format") or {"type": "text"}
    described = response_format.get("json_schema") or {}
    return None if response_format["type"] == "text" else described.get("schema") or {}


async def hear_parts(mock: MockState, message: dict[str, Any]) -> dict[str, Any]:
    """A message whose audio parts are replaced by the words in them."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts = []
    for part in content:
        if part.get("type") == "input_audio":
            pcm, rate = await asyncio.to_thread(read_part, part)
            text = await mock.hearing.transcribe(pcm, rate, "")
            parts.append({"type": "text", "text": text})
        else:
            parts.append(part)
    return {**message, "content": parts}


async def _stream(
    mock: MockState, body: dict[str, Any], answers: Sequence[Answer], fault: Fault | None
) -> AsyncIterator[str]:
    head = {"id": mock.new_id("chatcmpl"), "object": "chat.completion.chunk", "created": int(time.time())}
    head["model"] = body.get("model", "")
    for index, answer in enumerate(answers):
        for number, delta in enumerate(_deltas(mock, answer)):
            if fault and fault.kind == "empty":
                break
            await break_off(fault, number, fault.after or 1 if fault else 0)
            yield _event({**head, "choices": [{"index": index, "delta": delta, "finish_reason": None}]})
            await asyncio.sleep(fault.pause if fault else 0.0)
        reason = "tool_calls" if answer.calls else "stop"
        if fault and fault.kind == "empty" and fault.code:
            reason = fault.code
        yield _event({**head, "choices": [{"index": index, "delta": {}, "finish_reason": reason}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": usage(body["messages"], *answers)})
    yield "data: [DONE]\n\n"


def _deltas(mock: MockState, answer: Answer) -> Iterator[dict[str, Any]]:
    """Words one by one; of a tool call first its name and id, then its arguments."""
    yield {"role": "assistant", "content": ""}
    for word in pieces(answer.text):
        yield {"content": word}
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [_call(index, function) | {"id": mock.new_id("call"), "type": "function"}]}
        yield {"tool_calls": [_call(index, {"arguments": json.dumps(call.arguments)})]}


def _call(index: int, function: dict[str, Any]) -> dict[str, Any]:
    return {"index": index, "function": function}


def pieces(text: str) -> list[str]:
    """``text`` in words, each with the space before it.

    >>> pieces("One two.")
    ['One', ' two.']
    """
    return (
        [word if number == 0 else f" {word}" for number, word in enumerate(text.split(" "))] if text else []
    )


def _completion(mock: MockState, body: dict[str, Any], answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        "id": mock.new_id("chatcmpl"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.get("model", ""),
        "choices": [_choice(mock, index, answer) for index, answer in enumerate(answers)],
        "usage": usage(body["messages"], *answers),
    }


def _choice(mock: MockState, index: int, answer: Answer) -> dict[str, Any]:
    calls = [
        {
            "id": mock.new_id("call"),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for call in answer.calls
    ]
    message = {
        "role": "assistant",
        "content": answer.text or None,
        **({"tool_calls": calls} if calls else {}),
    }
    return {"index": index, "message": message, "finish_reason": "tool_calls" if calls else "stop"}


def usage(messages: list[dict[str, Any]], *answers: Answer) -> dict[str, int]:
    """Tokens, estimated at four characters each."""
    prompt_tokens = sum(len(json.dumps(message)) for message in messages) // 4
    called = (len(json.dumps(call.arguments)) + 12 for answer in answers for call in answer.calls)
    completion_tokens = (sum(len(answer.text) for answer in answers) + sum(called)) // 4
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
