"""What a realtime server sends, in every shape: no event costs the session, and no tool call is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.exceptions import ConnectionClosedOK

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private import PcmuRealtime
from agentrun.pipeline.pipecat_private.realtime.events import SessionEvents
from agentrun.pipeline.pipecat_private.realtime.missing_end import LATE_SECONDS, NEVER_SECONDS
from agentrun.pipeline.pipecat_private.realtime.readable_events import ReadableEvents
from agentrun.tools.arguments import unreadable_arguments

ITEM = {"id": "i1", "type": "function_call", "name": "order_status", "call_id": "c1", "arguments": ""}
ADDED = {"type": "conversation.item.added", "event_id": "e", "item": {**ITEM, "status": "in_progress"}}


class Socket:
    """Gives messages, and then ends."""

    def __init__(self, *messages: object) -> None:
        self._messages = [each if isinstance(each, str) else json.dumps(each) for each in messages]

    async def recv(self) -> str:
        """The next message; where there is none, it was closed in order."""
        if not self._messages:
            raise ConnectionClosedOK(None, None)
        return self._messages.pop(0)

    async def __aiter__(self) -> AsyncIterator[str]:
        while self._messages:
            yield self._messages.pop(0)


def service(
    kind: type[OpenAIRealtimeLLMService] = OpenAIRealtimeLLMService,
) -> tuple[OpenAIRealtimeLLMService, SessionEvents, list[str]]:
    llm, noted = kind(api_key="none"), list[str]()
    pipecat_private.keep_session(llm, noted.append)
    events = pipecat_private.session_events(llm)
    assert events
    return llm, events, noted


async def read(*messages: object) -> tuple[list[dict[str, Any]], list[str]]:
    _, events, noted = service()
    return [json.loads(each) async for each in ReadableEvents(Socket(*messages), events)], noted


def done(arguments: object) -> dict[str, Any]:
    where = {"response_id": "r", "item_id": "i1", "output_index": 0}
    kind = "response.function_call_arguments.done"
    return {"type": kind, "event_id": "e", "call_id": "c1", "arguments": arguments, **where}


def response(status: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.done", "event_id": "e", "response": {"status": status, "output": list(items)}}


def calls(events: list[dict[str, Any]]) -> list[object]:
    return [
        json.loads(event["arguments"])
        for event in events
        if event["type"] == "response.function_call_arguments.done"
    ]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", {}),
        (None, {}),
        ("null", {}),
        ('{"number": 7}', {"number": 7}),
        ('{"number": 7', {unreadable_arguments.KEY: '{"number": 7'}),
    ],
)
async def test_arguments_are_a_json_object_in_any_case(text: object, arguments: object) -> None:
    events, noted = await read(ADDED, done(text), response("completed"))
    assert calls(events) == [arguments]
    assert noted == []


@pytest.mark.parametrize("kind", ["response.output_item.done", "conversation.item.done"])
async def test_a_call_without_its_done_is_completed_from_its_item(kind: str) -> None:
    whole = {**ITEM, "status": "completed", "arguments": '{"number": 7}'}
    event = {"type": kind, "event_id": "e", "response_id": "r", "output_index": 0, "item": whole}
    events, _ = await read(ADDED, event, response("completed", whole))
    assert calls(events) == [{"number": 7}]


async def test_a_call_that_only_the_end_of_the_response_tells_of_is_run_once() -> None:
    whole = {**ITEM, "status": "completed", "arguments": '{"number": 7}'}
    events, _ = await read(response("completed", whole))
    assert [event["type"] for event in events] == [
        "conversation.item.added",
        "response.function_call_arguments.done",
        "response.done",
    ]
    assert calls(events) == [{"number": 7}]


async def test_a_call_of_a_response_that_the_caller_cut_is_not_run() -> None:
    events, _ = await read(ADDED, response("cancelled", {**ITEM, "status": "incomplete", "arguments": "{"}))
    assert calls(events) == []


@pytest.mark.parametrize(
    ("message", "note"),
    [
        ("no json", "skipped_event: unreadable"),
        ("[]", "skipped_event: unreadable"),
        (
            {
                "type": "conversation.item.added",
                "event_id": "e",
                "item": {"id": "m", "type": "mcp_list_tools"},
            },
            "skipped_event: conversation.item.added",
        ),
        ({"type": "input_audio_buffer.speech_started"}, "skipped_event: input_audio_buffer.speech_started"),
    ],
)
async def test_an_event_that_can_not_be_read_is_skipped_and_noted(message: object, note: str) -> None:
    events, noted = await read(message, response("completed"))
    assert [event["type"] for event in events] == ["response.done"]
    assert len(noted) == 1
    assert noted[0].startswith(note)


async def test_an_item_of_an_unknown_type_does_not_cost_the_end_of_the_response() -> None:
    events, noted = await read(response("completed", {"id": "m", "type": "mcp_call"}))
    assert events[0]["response"]["output"] == []
    assert noted == []


async def test_the_notes_of_one_kind_are_bounded() -> None:
    _, noted = await read(*(f"no json {number}" for number in range(50)))
    assert len(noted) == 3


@pytest.mark.parametrize(("event_id", "heard"), [("e1", 1), ("", 2)])
async def test_an_event_that_is_delivered_again_is_taken_once(event_id: str, heard: int) -> None:
    event = {"type": "response.output_text.delta", "event_id": event_id, "delta": "ha", "response_id": "r"}
    text = {**event, "item_id": "i", "output_index": 0, "content_index": 0}
    events, _ = await read(text, text)
    assert len(events) == heard


async def test_a_refused_response_is_an_answer_that_failed() -> None:
    _, events, noted = service()
    events._asked = "mine"
    error = {"type": "invalid_request_error", "code": "bad", "message": "No.", "event_id": "mine"}
    refused = {"type": "error", "event_id": "e", "error": error}
    [end] = [json.loads(each) async for each in ReadableEvents(Socket(refused), events)]
    assert end["type"] == "response.done"
    assert end["response"]["status"] == "failed"
    assert noted == ["refused_event: bad: No."]
    events._asked = "another"
    assert [each async for each in ReadableEvents(Socket(refused), events)] == []


@pytest.mark.parametrize("kind", [OpenAIRealtimeLLMService, PcmuRealtime])
async def test_an_event_whose_handling_fails_does_not_end_the_reading(
    kind: type[OpenAIRealtimeLLMService],
) -> None:
    llm, events, noted = service(kind)
    handled: list[str] = []

    async def stopped(evt: Any) -> None:
        handled.append(evt.type)
        raise ValueError("broken")

    llm._handle_evt_response_created = stopped  # type: ignore[method-assign]
    created = {"type": "response.created", "event_id": "e", "response": {"status": "in_progress"}}
    llm._websocket = Socket(created, created)  # type: ignore[assignment]
    await asyncio.wait_for(events.receive(), 5)
    assert len(handled) == 2
    assert noted == ["skipped_event: handling: ValueError: broken"] * 2
    assert events.closed == "the server closed the connection"


async def test_pipecat_still_ends_at_an_event_that_it_can_not_read() -> None:
    """When this fails, Pipecat passes over such events itself, and ours can go."""
    llm = OpenAIRealtimeLLMService(api_key="none")
    llm._websocket = Socket("no json")  # type: ignore[assignment]
    with pytest.raises(Exception, match="no json"):
        await llm._receive_task_handler()


async def test_a_connection_that_cant_be_read_ends_and_others_have_their_turn() -> None:
    llm, events, noted = service()
    socket: Any = BrokenSocket()
    llm._websocket = socket
    await asyncio.wait_for(events.receive(), 5)
    assert events.closed == "the server closed the connection"
    assert len(noted) == 3


async def test_the_reader_of_an_old_connection_ends_without_a_word_on_the_new_one() -> None:
    llm, events, _ = service()
    socket: Any = BrokenSocket(lambda: setattr(llm, "_websocket", None))
    llm._websocket = socket
    await asyncio.wait_for(events.receive(), 5)
    assert events.closed == ""


class BrokenSocket:
    """Fails as soon as it is read."""

    def __init__(self, failing: Callable[[], None] = lambda: None) -> None:
        self._failing = failing

    async def recv(self) -> str:
        """Nothing ever comes."""
        self._failing()
        raise RuntimeError("cannot call recv while another coroutine is already running recv")


class SlowSocket(Socket):
    """Gives the last of its messages after a while."""

    def __init__(self, *messages: object, seconds: float) -> None:
        super().__init__(*messages)
        self._seconds = seconds

    async def recv(self) -> str:
        """The next message, the last one late."""
        if len(self._messages) == 1:
            await asyncio.sleep(self._seconds)
        return await super().recv()


def part(kind: str, **fields: Any) -> dict[str, Any]:
    message = {"id": "i", "type": "message", "role": "assistant", "content": []}
    return {"type": kind, "event_id": "e", "response_id": "r", "output_index": 0, "item": message, **fields}


CREATED = {"type": "response.created", "event_id": "e", "response": {"id": "r", "status": "in_progress"}}
DONE = {**response("completed"), "response": {"id": "r", "status": "completed", "output": []}}
SOUND_DONE = part("response.output_audio.done", item_id="i", content_index=0)


@pytest.mark.parametrize("end", [part("response.output_item.done"), SOUND_DONE])
@pytest.mark.parametrize(
    ("seconds", "noted"), [(1.0, 0), (LATE_SECONDS + 1.0, 0), (LATE_SECONDS + NEVER_SECONDS + 1.0, 1)]
)
async def test_a_response_that_its_server_does_not_end_ends_with_its_parts(
    end: dict[str, Any], seconds: float, noted: int
) -> None:
    _, events, notes = service()
    socket = SlowSocket(CREATED, part("response.output_item.added"), end, DONE, seconds=seconds)
    kinds = [json.loads(each)["type"] async for each in ReadableEvents(socket, events)]
    assert kinds.count("response.done") == 1
    assert [note.startswith("skipped_event: response.done: none came") for note in notes] == [True] * noted


async def test_a_response_without_an_end_is_noted_when_the_next_one_begins() -> None:
    _, events, notes = service()
    parts = (part("response.output_item.added"), part("response.output_item.done"))
    second = {**CREATED, "response": {"id": "r2", "status": "in_progress"}}
    socket = SlowSocket(CREATED, *parts, second, seconds=LATE_SECONDS + 1.0)
    async for _ in ReadableEvents(socket, events):
        pass
    assert len(notes) == 1


@pytest.mark.parametrize("seconds", [1.0, LATE_SECONDS + 1.0, LATE_SECONDS + NEVER_SECONDS + 1.0])
async def test_what_an_answer_has_used_counts_however_late_its_end_comes(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    llm, events, _ = service()
    used: list[int] = []

    async def count(tokens: LLMTokenUsage) -> None:
        used.append(tokens.completion_tokens)

    monkeypatch.setattr(llm, "start_llm_usage_metrics", count)
    parts = (part("response.output_item.added"), part("response.output_item.done"))
    usage = {"total_tokens": 7, "input_tokens": 3, "output_tokens": 4}
    end = {**DONE, "response": {**DONE["response"], "usage": usage}}
    llm._websocket = SlowSocket(CREATED, *parts, end, seconds=seconds)  # type: ignore[assignment]
    await events.receive()
    assert used == [4]


async def test_a_response_with_an_open_part_is_waited_for() -> None:
    _, events, notes = service()
    socket = SlowSocket(CREATED, part("response.output_item.added"), DONE, seconds=9.0)
    assert [json.loads(each)["type"] async for each in ReadableEvents(socket, events)][-1] == "response.done"
    assert notes == []


async def test_errors_of_one_kind_are_noted_three_times() -> None:
    refused = {"type": "error", "event_id": "e", "error": {"type": "x", "code": "flood", "message": "No."}}
    _, noted = await read(*[{**refused, "event_id": str(number)} for number in range(50)])
    assert noted == ["refused_event: flood: No."] * 3


async def test_a_response_that_goes_on_after_a_pause_has_its_server_s_end() -> None:
    _, events, notes = service()
    parts = [part("response.output_item.added"), part("response.output_item.done")]
    usage = {"total_tokens": 7, "input_tokens": 3, "output_tokens": 4}
    end = {**DONE, "response": {**DONE["response"], "usage": usage}}

    class Pausing(Socket):
        paused = False

        async def recv(self) -> str:
            if len(self._messages) == 3 and not self.paused:
                await asyncio.sleep(5.0)
                self.paused = True
            return await super().recv()

    socket = Pausing(CREATED, *parts, *parts, end)
    read = [json.loads(each) async for each in ReadableEvents(socket, events)]
    assert [each["response"].get("usage") for each in read if each["type"] == "response.done"] == [
        None,
        usage,
    ]
    assert notes == []


async def test_an_end_that_comes_within_the_next_response_does_not_end_that_one() -> None:
    _, events, _ = service()
    first = [CREATED, part("response.output_item.added"), part("response.output_item.done")]
    second = [json.loads(json.dumps(each).replace('"r"', '"r2"')) for each in (*first, DONE)]
    within = [*second[:2], DONE, *second[2:]]

    class Pausing(Socket):
        async def recv(self) -> str:
            if len(self._messages) == len(within):
                await asyncio.sleep(LATE_SECONDS + 0.1)
            return await super().recv()

    socket = Pausing(*first, *within)
    read = [json.loads(each) async for each in ReadableEvents(socket, events)]
    assert [each["response"]["id"] for each in read if each["type"] == "response.done"] == ["r", "r2"]
