"""Tool calls of Anthropic's and Bedrock's models: each runs, or the model is told why."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.tools.blocks import bedrock_events
from agentrun.testing import virtual_time

anthropic = pytest.importorskip("pipecat.services.anthropic.llm")
USAGE = SimpleNamespace(
    input_tokens=1,
    output_tokens=1,
    cache_creation_input_tokens=0,
    cache_read_input_tokens=0,
    output_tokens_details=None,
)


async def stream(events: Sequence[Any]) -> AsyncIterator[Any]:
    for event in events:
        yield event


def tool_block(index: int, name: str, *pieces: str) -> list[Any]:
    block = SimpleNamespace(type="tool_use", id=f"toolu_{index}", name=name)
    start = SimpleNamespace(type="content_block_start", index=index, content_block=block)
    return [
        start,
        *(
            SimpleNamespace(
                type="content_block_delta", index=index, delta=SimpleNamespace(partial_json=piece)
            )
            for piece in pieces
        ),
        SimpleNamespace(type="content_block_stop", index=index),
    ]


def message_end(reason: str) -> Any:
    delta = SimpleNamespace(stop_reason=reason, stop_details=None)
    return SimpleNamespace(type="message_delta", delta=delta, usage=USAGE)


def ran(events: Sequence[Any], *, repaired: bool = True) -> tuple[list[tuple[str, Any]], list[str]]:
    """The calls that Anthropic's service runs for a streamed answer, and its errors."""

    async def talk() -> tuple[list[tuple[str, Any]], list[str]]:
        service: Any = anthropic.AnthropicLLMService(api_key="test")
        calls: list[tuple[str, Any]] = []
        errors: list[str] = []

        async def create(_api_call: Any, _params: Any) -> AsyncIterator[Any]:
            return stream(events)

        async def run(made: Sequence[Any]) -> None:
            calls.extend((call.function_name, call.arguments) for call in made)

        async def error(error_msg: str, **_: Any) -> None:
            errors.append(error_msg)

        service._create_message_stream = create
        if repaired:
            pipecat_private.assemble_tool_blocks(service)
        service.run_function_calls, service.push_error = run, error
        await service._process_context(LLMContext([{"role": "user", "content": "Book it."}]))
        return calls, errors

    return virtual_time.run(talk())


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (['{"guests"', ": 2}"], {"guests": 2}),
        ([], {}),
        (["null"], {}),
        (['{"guests": 2'], {"unreadable_arguments": '{"guests": 2'}),
        (["[1]"], {"unreadable_arguments": "[1]"}),
    ],
)
def test_a_call_runs_or_is_told_about(pieces: list[str], arguments: dict[str, Any]) -> None:
    calls, errors = ran([*tool_block(0, "book", *pieces), message_end("tool_use")])
    assert (calls, errors) == ([("book", arguments)], [])


def test_several_calls_of_one_answer_all_run() -> None:
    events = [*tool_block(0, "book", '{"guests": 2}'), *tool_block(1, "park", "{}"), message_end("tool_use")]
    assert ran(events)[0] == [("book", {"guests": 2}), ("park", {})]


def test_a_call_that_was_cut_is_told_about() -> None:
    calls, _ = ran([*tool_block(0, "book", '{"gue'), message_end("max_tokens")])
    assert calls == [("book", {"unreadable_arguments": '{"gue'})]


def test_pipecat_fails_at_arguments_that_are_no_json() -> None:
    """When this fails, Pipecat does it itself, and Anthropic's part of ``tool_blocks`` can go."""
    events = [*tool_block(0, "book", '{"guests": 2'), message_end("tool_use")]
    calls, errors = ran(events, repaired=False)
    assert not calls
    assert errors


def test_pipecat_s_service_for_bedrock_reads_the_stream_that_is_repaired() -> None:
    found = find_spec("pipecat.services")
    assert found is not None
    assert found.submodule_search_locations is not None
    source = Path(found.submodule_search_locations[0], "aws", "llm.py").read_text()
    assert "response = await self._create_converse_stream(client, request_params)" in source
    assert 'async for event in response["stream"]' in source
    assert "except json.JSONDecodeError" in source


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [(['{"guests"', ": 2}"], '{"guests": 2}'), (['{"gue'], '{"unreadable_arguments": "{\\"gue"}')],
)
def test_bedrock_s_arguments_come_whole(pieces: list[str], arguments: str) -> None:
    start = {"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"name": "book"}}}}
    stop = {"contentBlockStop": {"contentBlockIndex": 1}}
    text = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Well."}}}
    given = [
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": piece}}}}
        for piece in pieces
    ]

    class Service:
        __module__, __qualname__ = "pipecat.services.aws.llm", "AWSBedrockLLMService"

        async def _create_converse_stream(self, _client: Any, _params: Any) -> Any:
            return {"stream": stream([text, start, *given, stop])}

    async def read() -> list[Any]:
        service: Any = Service()
        pipecat_private.assemble_tool_blocks(service)
        response = await service._create_converse_stream(None, {})
        return [event async for event in response["stream"]]

    whole = {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": arguments}}}}
    assert virtual_time.run(read()) == [text, start, whole, stop]
    assert inspect.isasyncgenfunction(bedrock_events)


@pytest.mark.parametrize(
    ("roles", "sent"),
    [
        (["assistant", "user"], ["user", "assistant", "user"]),
        (["user"], ["user"]),
        ([], ["user"]),
        (["user", "assistant", "user"], ["user", "assistant", "user"]),
    ],
)
def test_bedrock_s_conversations_begin_with_the_user(roles: list[str], sent: list[str]) -> None:
    """A greeting of fixed words is the agent's; Bedrock refuses what begins with it."""

    class Service:
        __module__, __qualname__ = "pipecat.services.aws.llm", "AWSBedrockLLMService"

        async def _create_converse_stream(self, _client: Any, params: Any) -> Any:
            return params

    service: Any = Service()
    pipecat_private.begin_with_user(service)
    messages = [{"role": role, "content": [{"text": "Hello."}]} for role in roles]
    params = virtual_time.run(service._create_converse_stream(None, {"messages": messages, "modelId": "x"}))
    assert [one["role"] for one in params["messages"]] == sent
    assert params["modelId"] == "x"
    assert [one["role"] for one in messages] == roles
