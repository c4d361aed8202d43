"""Pipecat's own services against the mock server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    LLMContextFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.tests.utils import SleepFrame, run_test

from agentrun.pipeline.services.build import ResponsesHttpLLM, ResponsesLLM
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import standing

Make = Callable[[OpenAIServer, httpx.AsyncClient], LLMService[Any]]
SCORES = FunctionSchema("get_scores", "The scores.", {"who": {"type": "string"}}, ["who"])
WAIT = SleepFrame(0.5)


def over_http(server: OpenAIServer, client: httpx.AsyncClient) -> LLMService[Any]:
    return ResponsesHttpLLM(client, api_key="any", base_url=server.url_for("ncaa"))


def over_socket(server: OpenAIServer, client: httpx.AsyncClient) -> LLMService[Any]:
    url = server.url_for("ncaa")
    ws_url = f"{url.replace('http', 'ws')}/responses"
    return ResponsesLLM(client, api_key="any", base_url=url, ws_url=ws_url)


def realtime(server: OpenAIServer, client: httpx.AsyncClient) -> LLMService[Any]:
    del client
    url = f"{server.url_for('ncaa').replace('http', 'ws')}/realtime"
    return OpenAIRealtimeLLMService(api_key="any", base_url=url)


def context(*messages: str) -> LLMContext:
    """What the caller and the agent said, in turns."""
    roles = ("user", "assistant")
    said: Any = [{"role": roles[n % 2], "content": text} for n, text in enumerate(messages)]
    return LLMContext(said, tools=ToolsSchema(standard_tools=[SCORES]))


async def run(llm: LLMService[Any], *contexts: LLMContext) -> list[Frame]:
    """The frames that the service makes of the contexts; fails when one is an error."""
    sent = [frame for each in contexts for frame in (LLMContextFrame(each), WAIT)]
    down, up = await run_test(llm, frames_to_send=sent, start_timeout=10)
    assert not [frame for frame in up if isinstance(frame, ErrorFrame)]
    return list(down)


def text(frames: list[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, LLMTextFrame))


@pytest.mark.parametrize("make", [over_http, over_socket])
async def test_responses_are_read_and_the_agent_is_named(make: Make) -> None:
    async with standing(Answer("Duke won.")) as it, httpx.AsyncClient() as client:
        frames = await run(make(it.server, client), context("Who won?"))
        (request,) = it.server.requests
    assert text(frames) == "Duke won."
    assert request.agent == "ncaa"
    assert request.body["tools"][0]["name"] == "get_scores"


async def test_the_socket_goes_on_from_the_last_response() -> None:
    async with standing(Answer("Duke won."), Answer("By two.")) as it, httpx.AsyncClient() as client:
        second = context("Who won?", "Duke won.", "By how much?")
        frames = await run(over_socket(it.server, client), context("Who won?"), second)
        first, request = it.server.requests
        messages = it.brain.asked[1].messages
    assert text(frames) == "Duke won.By two."
    assert "previous_response_id" not in first.body
    assert request.body["previous_response_id"]
    assert [item["content"] for item in request.body["input"]] == ["By how much?"]
    assert [message["content"] for message in messages] == ["Who won?", "Duke won.", "By how much?"]


@pytest.mark.parametrize("make", [over_http, over_socket, realtime])
async def test_a_tool_that_is_called_runs(make: Make) -> None:
    ran: list[dict[str, Any]] = []

    async def scores(params: FunctionCallParams) -> None:
        ran.append(dict(params.arguments))
        await params.result_callback("Duke 78")

    async with (
        standing(Answer(calls=(ToolCall("get_scores", {"who": "men"}),))) as it,
        httpx.AsyncClient() as client,
    ):
        llm = make(it.server, client)
        llm.register_function("get_scores", scores)
        await run(llm, context("Who won?"))
    assert ran == [{"who": "men"}]


async def test_a_realtime_answer_is_heard() -> None:
    async with standing(Answer("Duke won by two.")) as it, httpx.AsyncClient() as client:
        frames = await run(realtime(it.server, client), context("Who won?"))
        spoken = it.voice.spoken
    sound = [f for f in frames if isinstance(f, (TTSAudioRawFrame, OutputAudioRawFrame))]
    assert spoken == ["Duke won by two."]
    assert sum(len(frame.audio) for frame in sound) == int(0.6 * 24_000) * 2
    assert {frame.sample_rate for frame in sound} == {24_000}
