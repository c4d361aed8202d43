"""A tool's span says what was called and how it went, and no model's invention as a name."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pipecat.services.openai.llm import OpenAILLMService

from agentrun.pipeline.tools import tool_spans
from agentrun.tools.results.outcome import Outcome, Status

CALL = "call_1"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


async def spans(
    exporter: InMemorySpanExporter, name: str, outcome: Outcome, *, traced: bool = True
) -> tuple[ReadableSpan, ...]:
    """What one call of the tool ``name`` leaves, beneath a turn."""
    llm: Any = OpenAILLMService(api_key="test")
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    around = trace.SpanContext(7, 9, is_remote=False, trace_flags=flags)
    turn = trace.set_span_in_context(trace.NonRecordingSpan(around))

    async def run(item: object) -> None:
        tool_spans.note_outcome(outcome)

    llm._run_function_call = run
    tool_spans.trace_tools([llm])
    if traced:
        llm._tracing_context = SimpleNamespace(get_turn_context=lambda: turn)
    item = SimpleNamespace(function_name=name, tool_call_id=CALL, arguments={"guests": 2})
    await llm._run_function_call(item)
    return exporter.get_finished_spans()


@pytest.mark.parametrize(
    ("status", "error"),
    [("ok", None), ("refused", None), ("cancelled", None), ("failed", "failed"), ("timeout", "timeout")],
)
async def test_a_span_says_how_the_tool_went(
    exporter: InMemorySpanExporter, status: Status, error: str | None
) -> None:
    [span] = await spans(exporter, "book_table", Outcome(status, "booked"))
    attributes = dict(span.attributes or {})
    assert span.name == "execute_tool book_table"
    assert attributes["gen_ai.operation.name"] == "execute_tool"
    assert attributes["gen_ai.tool.call.id"] == CALL
    assert attributes["gen_ai.tool.call.arguments"] == '{"guests": 2}'
    assert attributes["agentrun.tool.status"] == status
    assert attributes.get("error.type") == error
    assert (span.status.status_code is StatusCode.ERROR) == bool(error)
    assert span.parent
    assert (span.parent.trace_id, span.parent.span_id) == (7, 9)


async def test_a_name_that_no_tool_can_have_is_not_told(exporter: InMemorySpanExporter) -> None:
    [span] = await spans(exporter, "call Zebedee back!", Outcome("refused", "There is no such tool."))
    assert span.name == "execute_tool unknown"
    assert dict(span.attributes or {})["gen_ai.tool.name"] == "unknown"


async def test_a_long_result_is_cut(exporter: InMemorySpanExporter) -> None:
    [span] = await spans(exporter, "read", Outcome("ok", "x" * 100_000))
    result = dict(span.attributes or {})["gen_ai.tool.call.result"]
    assert len(str(result)) == tool_spans.MOST_CHARACTERS


async def test_without_traces_nothing_is_made(exporter: InMemorySpanExporter) -> None:
    assert await spans(exporter, "book_table", Outcome("ok", "booked"), traced=False) == ()
    tool_spans.note_outcome(Outcome("ok", "booked"))
