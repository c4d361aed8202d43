"""Chat completions, asked by OpenAI's own client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import soundfile

from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.faults import Fault
from tests.simulate.openai.standing import Standing, standing

HI: Any = [{"role": "user", "content": "Hi"}]
TOOL: Any = {"type": "function", "function": {"name": "get_scores", "parameters": {"type": "object"}}}


async def stream(it: Standing, **more: Any) -> list[Any]:
    options: Any = {"include_usage": True}
    chunks = await it.client.chat.completions.create(
        model="gpt-4o", messages=HI, stream=True, stream_options=options, **more
    )
    return [chunk async for chunk in chunks]


async def test_words_come_one_by_one_then_a_reason_then_the_usage() -> None:
    async with standing(Answer("One two three.")) as it:
        *deltas, last, usage = await stream(it)
    assert [chunk.choices[0].delta.content for chunk in deltas] == ["", "One", " two", " three."]
    assert last.choices[0].finish_reason == "stop"
    assert usage.choices == []
    assert usage.usage.total_tokens == usage.usage.prompt_tokens + usage.usage.completion_tokens > 0
    assert {chunk.id for chunk in deltas} == {usage.id}


async def test_usage_is_only_sent_when_it_was_asked_for() -> None:
    async with standing(Answer("One.")) as it:
        chunks = await it.client.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
        assert [chunk.usage async for chunk in chunks] == [None, None, None]


async def test_a_tool_call_has_its_id_beside_its_name_and_no_words() -> None:
    calls = (ToolCall("get_scores", {"who": "men"}), ToolCall("hang_up"))
    async with standing(Answer(calls=calls)) as it:
        chunks = await stream(it, tools=[TOOL])
    pieces = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert [piece.index for piece in pieces] == [0, 0, 1, 1]
    assert [piece.function.name for piece in pieces] == ["get_scores", None, "hang_up", None]
    assert [bool(piece.id) for piece in pieces] == [True, False, True, False]
    assert json.loads(pieces[1].function.arguments) == {"who": "men"}
    assert json.loads(pieces[3].function.arguments) == {}
    assert chunks[-2].choices[0].finish_reason == "tool_calls"


async def test_without_a_stream_the_answer_comes_at_once() -> None:
    async with standing(Answer("One."), Answer(calls=(ToolCall("get_scores", {"who": "men"}),))) as it:
        said = await it.client.chat.completions.create(model="gpt-4o", messages=HI)
        called = await it.client.chat.completions.create(model="gpt-4o", messages=HI)
    assert said.choices[0].message.content == "One."
    calls = called.choices[0].message.tool_calls
    assert calls
    call = calls[0]
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"who": "men"}
    assert called.choices[0].finish_reason == "tool_calls"


async def test_the_brain_is_given_the_messages_and_the_tools() -> None:
    async with standing(Answer("One.")) as it:
        await stream(it, tools=[TOOL])
        (asked,) = it.brain.asked
        it.brain.assert_complete()
    assert asked.messages == HI
    assert asked.tools == [TOOL]


async def test_an_agents_own_address_names_the_agent() -> None:
    async with standing(Answer("One.")) as it:
        own = it.client.with_options(base_url=it.server.url_for("ncaa"))
        await own.chat.completions.create(model="gpt-4o", messages=HI)
        assert it.brain.asked[0].agent == "ncaa"
        assert it.server.requests[-1].agent == "ncaa"


async def test_audio_parts_are_heard() -> None:
    wav = io.BytesIO()
    soundfile.write(wav, np.zeros(16_000, np.int16), 16_000, format="WAV")
    data = base64.b64encode(wav.getvalue()).decode()
    parts: Any = [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]
    async with standing(Answer("One."), heard="Did Duke win?") as it:
        await it.client.chat.completions.create(
            model="gpt-4o-audio-preview", messages=[{"role": "user", "content": parts}]
        )
        assert it.brain.asked[0].messages[0]["content"] == [{"type": "text", "text": "Did Duke win?"}]
        assert it.hearing.heard == [1.0]


@pytest.mark.parametrize("data", ["bm8gYXVkaW8=", "%%%"])
async def test_a_part_that_is_no_audio_is_the_clients_mistake(data: str) -> None:
    parts: Any = [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]
    async with standing() as it:
        with pytest.raises(openai.BadRequestError, match="audio"):
            await it.client.chat.completions.create(
                model="gpt-4o-audio-preview", messages=[{"role": "user", "content": parts}]
            )


async def test_a_key_is_needed() -> None:
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address) as bare:
        answer = await bare.post("/v1/chat/completions", json={"messages": HI})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b"\xff", 400), (b"{}", 400), (b'{"messages": []}', 400)]
)
async def test_a_body_that_makes_no_sense_is_the_clients_mistake(body: bytes, status: int) -> None:
    headers = {"authorization": "Bearer any"}
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address) as bare:
        answer = await bare.post("/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, openai.AuthenticationError), (429, openai.RateLimitError), (500, openai.InternalServerError)],
)
async def test_a_fault_has_openais_shape(status: int, error: type[openai.APIStatusError]) -> None:
    async with standing(Answer("One.")) as it:
        it.server.conditions.faults["chat"] = Fault("status", status)
        with pytest.raises(error) as caught:
            await stream(it)
        assert caught.value.status_code == status
        assert caught.value.body


async def test_a_rate_limit_that_passes_is_survived_by_the_clients_retry() -> None:
    async with standing(Answer("One."), retries=2) as it:
        it.server.conditions.faults["chat"] = Fault("status", 429, times=1)
        await stream(it)
        assert [request.route for request in it.server.requests] == ["chat", "chat"]


async def test_a_stream_can_be_cut() -> None:
    async with standing(Answer("One two three.")) as it:
        it.server.conditions.faults["chat"] = Fault("cut", after=2)
        with pytest.raises(openai.APIConnectionError):
            await stream(it)


async def test_a_route_that_hangs_ends_with_the_clients_timeout_and_does_not_keep_the_server() -> None:
    async with standing(seconds=0.2) as it:
        it.server.conditions.faults["chat"] = Fault("hang")
        with pytest.raises(openai.APITimeoutError):
            await stream(it)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5


async def test_two_callers_at_once_get_an_answer_each() -> None:
    async with standing(Answer("One."), Answer("Two.")) as it:
        answers = await asyncio.gather(
            *(it.client.chat.completions.create(model="gpt-4o", messages=HI) for _ in range(2))
        )
    assert sorted(str(answer.choices[0].message.content) for answer in answers) == ["One.", "Two."]


async def test_a_caller_who_hangs_up_in_the_middle_leaves_the_server_to_the_next() -> None:
    async with standing(Answer("word " * 2_000), Answer("Two.")) as it:
        chunks = await it.client.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
        await anext(aiter(chunks))
        await chunks.close()
        answer = await it.client.chat.completions.create(model="gpt-4o", messages=HI)
    assert answer.choices[0].message.content == "Two."


async def test_models_are_listed() -> None:
    async with standing() as it:
        assert "gpt-4o" in [model.id async for model in it.client.models.list()]


async def test_one_model_is_described_and_another_is_not_there() -> None:
    async with standing() as it:
        assert (await it.client.models.retrieve("gpt-4o")).id == "gpt-4o"
        with pytest.raises(openai.NotFoundError, match="The model 'gpt-0' does not exist"):
            await it.client.models.retrieve("gpt-0")


async def test_where_json_is_wanted_the_answer_is_an_object() -> None:
    async with standing() as it:
        messages: Any = [{"role": "user", "content": "Give me JSON."}]
        answer = await it.client.chat.completions.create(
            model="gpt-4o", messages=messages, response_format={"type": "json_object"}
        )
        response = await it.client.responses.create(
            model="gpt-4o", input="Give me JSON.", text={"format": {"type": "json_object"}}
        )
    assert json.loads(str(answer.choices[0].message.content)) == json.loads(response.output_text) == {}


async def test_as_many_choices_come_as_are_asked_for() -> None:
    answers = [Answer("One."), Answer(calls=(ToolCall("get_scores"),))] * 2
    async with standing(*answers) as it:
        whole = await it.client.chat.completions.create(model="gpt-4o", messages=HI, n=2)
        chunks = await stream(it, n=2)
    assert [(one.index, one.message.content, one.finish_reason) for one in whole.choices] == [
        (0, "One.", "stop"),
        (1, None, "tool_calls"),
    ]
    ends = [(one.index, one.finish_reason) for chunk in chunks for one in chunk.choices if one.finish_reason]
    assert ends == [(0, "stop"), (1, "tool_calls")]
    assert {one.index for chunk in chunks for one in chunk.choices if one.delta.tool_calls} == {1}
    assert whole.usage == chunks[-1].usage


@pytest.mark.parametrize("number", [0, 129])
async def test_more_choices_than_there_may_be_are_refused(number: int) -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError, match="n: Input should be"):
            await it.client.chat.completions.create(model="gpt-4o", messages=HI, n=number)
