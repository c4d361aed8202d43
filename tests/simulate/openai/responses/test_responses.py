"""The Responses API, asked by OpenAI's own client and over a socket."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import Standing, standing
from tests.simulate.openai.talking import Talk, talking

SOCKET = "/v1/responses"
TOOL: Any = {"type": "function", "name": "get_scores", "parameters": {"type": "object"}, "strict": False}
CALL = Answer(calls=(ToolCall("get_scores", {"who": "men"}),))
TEXT_EVENTS = [
    "response.created",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
CALL_EVENTS = [
    "response.created",
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
]


async def stream(it: Standing, given: Any = "Hi") -> list[Any]:
    events = await it.client.responses.create(model="gpt-4o", input=given, stream=True, tools=[TOOL])
    return [event async for event in events]


async def respond(talk: Talk, **fields: Any) -> dict[str, Any]:
    """Ask for a response and wait until it is complete."""
    await talk.send("response.create", model="gpt-4o", **fields)
    completed: dict[str, Any] = (await talk.until("response.completed"))["response"]
    return completed


async def test_words_are_streamed_in_the_documented_order() -> None:
    async with standing(Answer("One two.")) as it:
        events = await stream(it)
    assert [event.type for event in events] == TEXT_EVENTS
    assert "".join(event.delta for event in events if event.type.endswith("text.delta")) == "One two."
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers))
    done = events[-1].response
    assert done.output_text == "One two."
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 0


async def test_a_tool_call_is_streamed_and_its_result_taken() -> None:
    async with standing(CALL, Answer("Duke won.")) as it:
        events = await stream(it)
        (call,) = events[-1].response.output
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "Duke 78"}
        given: Any = [{"role": "user", "content": "Hi"}, call.to_dict(), result]
        said = await it.client.responses.create(model="gpt-4o", input=given, instructions="Be kind.")
        asked = it.brain.asked
        it.brain.assert_complete()
    assert [event.type for event in events] == CALL_EVENTS
    assert (call.name, json.loads(call.arguments)) == ("get_scores", {"who": "men"})
    assert said.output_text == "Duke won."
    assert asked[0].tools[0]["function"]["name"] == "get_scores"
    assert [message["role"] for message in asked[1].messages] == ["system", "user", "assistant", "tool"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"input": 5}', b'{"input": [5]}', b'{"input": [{"content": "Hi"}]}', b"{}"]
)
async def test_a_body_that_makes_no_sense_is_the_clients_mistake(body: bytes) -> None:
    headers = {"authorization": "Bearer any"}
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address, headers=headers) as bare:
        answer = await bare.post("/v1/responses", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_a_key_is_needed() -> None:
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address) as bare:
        assert (await bare.post("/v1/responses", content=b"{")).status_code == 401
        with pytest.raises(InvalidStatus) as caught:
            await _open(it.server, "")
    assert caught.value.response.status_code == 401


async def _open(server: OpenAIServer, key: str) -> None:
    async with talking(server, SOCKET, key=key):
        pass


async def test_faults_strike_over_http() -> None:
    async with standing(Answer("One two."), Answer("One two.")) as it:
        it.server.conditions.faults["responses"] = Fault("status", 429, times=1)
        with pytest.raises(openai.RateLimitError):
            await stream(it)
        it.server.conditions.faults["responses"] = Fault("cut", after=3)
        with pytest.raises(openai.APIConnectionError):
            await stream(it)


async def test_a_socket_sends_the_same_events() -> None:
    async with standing(Answer("One two.")) as it, talking(it.server, SOCKET) as talk:
        await respond(talk, input="Hi")
    assert talk.kinds() == TEXT_EVENTS


async def test_a_socket_goes_on_from_the_response_that_is_named() -> None:
    async with standing(CALL, Answer("Duke won.")) as it, talking(it.server, SOCKET) as talk:
        first = await respond(talk, input="Who won?", tools=[TOOL])
        result = {
            "type": "function_call_output",
            "call_id": first["output"][0]["call_id"],
            "output": "Duke 78",
        }
        await respond(talk, input=[result], previous_response_id=first["id"])
        messages = it.brain.asked[1].messages
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[0]["content"] == "Who won?"


async def test_a_response_that_is_not_known_can_be_asked_for_anew() -> None:
    async with standing(Answer("One two.")) as it, talking(it.server, SOCKET) as talk:
        await talk.send("response.create", input="Hi", previous_response_id="resp_gone")
        assert (await talk.until("error"))["error"]["code"] == "previous_response_not_found"
        await respond(talk, input="Hi")


@pytest.mark.parametrize("text", ["no json", "[]", '{"type": "tea"}', '{"type": "response.create"}'])
async def test_events_that_make_no_sense_are_answered_and_the_socket_stays(text: str) -> None:
    async with standing(Answer("One two.")) as it, talking(it.server, SOCKET) as talk:
        await talk.socket.send(text)
        assert (await talk.until("error"))["error"]["type"] == "invalid_request_error"
        await respond(talk, input="Hi")


@pytest.mark.parametrize("kind", ["close", "drop"])
async def test_a_socket_can_be_closed_or_dropped(kind: str) -> None:
    async with standing(Answer("One two.")) as it:
        it.server.conditions.faults["responses"] = Fault(kind, after=1)  # type: ignore[arg-type]
        async with talking(it.server, SOCKET) as talk:
            await respond(talk, input="Hi")
            with pytest.raises(ConnectionClosed):
                await respond(talk, input="Hi")


async def test_two_sockets_at_once_do_not_know_each_others_responses() -> None:
    async with (
        standing(Answer("One two.")) as it,
        talking(it.server, SOCKET) as first,
        talking(it.server, "/ncaa/v1/responses") as second,
    ):
        done = await respond(first, input="Hi")
        await second.send("response.create", input="Hi", previous_response_id=done["id"])
        assert (await second.until("error"))["error"]["code"] == "previous_response_not_found"
