"""A server that answers a wish for a stream with the whole answer is read as one that streams."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from openai import AsyncOpenAI
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseOutputItemDoneEvent,
    ResponseTextDeltaEvent,
)

from agentrun.http import bounded_answers
from agentrun.pipeline.pipecat_private.refusals import SpokenRefusals
from agentrun.pipeline.pipecat_private.tools.calls import ToolCallStream
from agentrun.pipeline.services.chat_stream import NotedStream
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.tools.call_deltas import ToolCallDeltas
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from tests.calls.quick import calls, quick_call


def whole(message: Any, reason: str | None = "stop", **more: Any) -> str:
    """A completion as one JSON object, written over several lines."""
    choice = {"index": 0, "message": message, "finish_reason": reason}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}
    return json.dumps(body, indent=2)


@contextlib.asynccontextmanager
async def client_of(body: AsyncIterator[bytes], kind: str) -> AsyncIterator[AsyncOpenAI]:
    """A client of a server that answers everything with ``body``."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": kind}, content=body)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as web:
        yield AsyncOpenAI(api_key="test", http_client=cast(Any, web), base_url="http://127.0.0.1/v1")


async def answered(body: AsyncIterator[bytes], kind: str) -> tuple[str, list[tuple[str, str]], str]:
    """The words and the tool calls of an answer with ``body`` to a wish for a stream, and how it ended."""
    async with client_of(body, kind) as client:
        asked = client.chat.completions.create(model="m", messages=[], stream=True)
        reasons: list[str] = []
        stream = ToolCallStream(NotedStream(await asked, reasons.append), ToolCallDeltas(["book", "look_up"]))
        deltas = [each.choices[0].delta async for each in stream if each.choices]
    told = [call.function for delta in deltas for call in delta.tool_calls or () if call.function]
    words = "".join(delta.content or "" for delta in deltas)
    return words, [(each.name or "", each.arguments or "") for each in told], reasons[0]


async def in_pieces(body: str, size: int = 1_000) -> AsyncIterator[bytes]:
    sent = body.encode()
    for start in range(0, len(sent), size):
        yield sent[start : start + size]


BOOK, LOOK_UP = ({"name": name, "arguments": '{"day": "Friday"}'} for name in ("book", "look_up"))
CALLED = [("book", '{"day": "Friday"}')]


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain", ""])
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_whole_answer_to_a_wish_for_a_stream_is_the_answer(kind: str, size: int) -> None:
    body = " \n\n" + whole({"role": "assistant", "content": "We are öffen.\nCome in."})
    assert await answered(in_pieces(body, size), kind) == ("We are öffen.\nCome in.", [], "stop")


@pytest.mark.parametrize(
    ("message", "words", "called"),
    [
        ({"content": None, "tool_calls": [{"id": "1", "type": "function", "function": BOOK}]}, "", CALLED),
        (
            {
                "content": "Wait.",
                "tool_calls": [{"id": "1", "function": BOOK}, {"id": "2", "function": LOOK_UP}],
            },
            "Wait.",
            [*CALLED, ("look_up", '{"day": "Friday"}')],
        ),
        ({"content": "", "tool_calls": [{"function": BOOK}, None, 7]}, "", CALLED),
        ({"content": "", "tool_calls": [{"function": {**BOOK, "arguments": {"day": "Friday"}}}]}, "", CALLED),
        ({"content": None, "function_call": BOOK}, "", CALLED),
        ({"content": None, "refusal": "I can't."}, "I can't.", []),
        ({"content": [{"type": "text", "text": "Yes."}], "tool_calls": "none"}, "Yes.", []),
        ({"content": None, "tool_calls": None}, "", []),
    ],
)
async def test_the_calls_of_a_whole_answer_are_its_calls(
    message: dict[str, Any], words: str, called: list[tuple[str, str]]
) -> None:
    assert (await answered(in_pieces(whole(message)), "application/json"))[:2] == (words, called)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error": {"message": "overloaded"}}', "status 200, content type application/json: overloaded"),
        ('{"choices": []}', "status 200, content type application/json"),
        ("{" * 50_000, "status 200, content type application/json"),
        ('{"choices": [', "status 200, content type application/json"),
        ("[1]", "status 200, content type application/json"),
        ("", "status 200, content type application/json"),
    ],
)
async def test_another_object_is_no_answer_and_its_words_are_told(body: str, reason: str) -> None:
    assert await answered(in_pieces(body), "application/json") == ("", [], reason)


@pytest.mark.parametrize("head", ['{"choices": [{"message": {"content": "', "data: "])
async def test_an_answer_without_an_end_is_read_no_further_than_its_bound(head: str) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield head.encode()
        while True:
            read += 100_000
            yield b"a" * 100_000

    with pytest.raises(bounded_answers.AnswerTooLongError):
        await answered(endless(), "application/json")
    assert read < 2 * bounded_answers.MOST_EVENT_BYTES


async def test_a_whole_response_is_its_events() -> None:
    message = {
        "type": "message",
        "id": "m",
        "content": [{"type": "output_text", "text": "Wait."}, {"type": "refusal", "refusal": "No."}, None],
    }
    called = [{"type": "function_call", "name": "book", "call_id": n, "arguments": {"day": n}} for n in "12"]
    answer = {"id": "r", "object": "response", "model": "m", "status": "completed"}
    body = json.dumps({**answer, "output": [{"type": "reasoning"}, message, *called, 7], "usage": None})
    async with client_of(in_pieces(body), "application/json") as client:
        stream = SpokenRefusals(await client.responses.create(model="m", input="Hi", stream=True))
        events = [event async for event in stream]
    assert [e.delta for e in events if isinstance(e, ResponseTextDeltaEvent)] == ["Wait.", "No."]
    items: list[Any] = [e.item for e in events if isinstance(e, ResponseOutputItemDoneEvent)]
    assert [(i.name, i.call_id, i.arguments) for i in items] == [
        ("book", "1", '{"day": "1"}'),
        ("book", "2", '{"day": "2"}'),
    ]
    assert len({item.id for item in items}) == 2
    assert isinstance(events[-1], ResponseCompletedEvent)


@pytest.mark.parametrize("api", ["chat", "responses-http"])
def test_a_caller_of_a_server_that_does_not_stream_is_answered(tmp_path: Path, api: str) -> None:
    @tool()
    async def look_up() -> str:
        """Look it up."""
        return "six"

    async def talk() -> tuple[list[str], list[str]]:
        async with (
            Resources() as resources,
            quick_call(
                *(
                    tmp_path,
                    "cascaded",
                    [build(look_up, "desk")],
                    [calls("look_up"), Answer("We open at six.")],
                ),
                resources=resources,
                faults={"chat": Fault("whole"), "responses": Fault("whole")},
                overrides=[("pipeline.llm.model", "openai/gpt-4.1"), ("pipeline.llm.api", api)],
            ) as call,
        ):
            await call.say("When are you open?")
            await call.said("We open at six.")
            return call.agent_words, call.record.errors

    assert virtual_time.run(talk()) == (["Hello.", "We open at six."], [])
