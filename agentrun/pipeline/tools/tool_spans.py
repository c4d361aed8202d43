"""A span for each tool call, following OpenTelemetry's GenAI conventions.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pipecat.services.llm_service import FunctionCallRunnerItem, LLMService

from agentrun.pipeline import pipecat_private
from agentrun.records.storable import storable
from agentrun.tools.results.outcome import Outcome

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

SCOPE = "agentrun.tools"
OPERATION = "execute_tool"
ERRORS = ("failed", "timeout")
"""What is a fault of the tool; a refusal is an answer, and a cancelled tool was not wanted any more."""
MOST_CHARACTERS = 16_384
"""Of arguments and results in a span; the record has them whole."""
UNKNOWN = "unknown"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What a provider takes for a tool's name; another one was made up by the model, of whatever words."""
_span: ContextVar[Span | None] = ContextVar("tool_span", default=None)


def trace_tools(services: Sequence[object]) -> None:
    """Have a span made of each tool call of the language models among ``services``.

    It is the current one while the tool runs, so that spans which the tool makes itself are below it.
    """
    for service in services:
        if isinstance(service, LLMService):
            pipecat_private.surround_tool_calls(service, _spanned)


def note_outcome(outcome: Outcome) -> None:
    """Say in the span of the tool that runs, if there is one, how it went."""
    span = _span.get()
    if span is None:
        return
    span.set_attribute("agentrun.tool.status", outcome.status)
    span.set_attribute("gen_ai.tool.call.result", outcome.text[:MOST_CHARACTERS])
    if outcome.status in ERRORS:
        from opentelemetry.trace import StatusCode

        span.set_attribute("error.type", outcome.status)
        span.set_status(StatusCode.ERROR)


@contextlib.contextmanager
def _spanned(call: FunctionCallRunnerItem, parent: Context | None) -> Iterator[None]:
    from opentelemetry import trace

    if parent is None:
        yield
        return
    tool = call.function_name if _NAME.fullmatch(call.function_name) else UNKNOWN
    attributes = {
        "gen_ai.operation.name": OPERATION,
        "gen_ai.tool.name": tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call.tool_call_id[:128],
        "gen_ai.tool.call.arguments": json.dumps(storable(call.arguments))[:MOST_CHARACTERS],
    }
    spans = trace.get_tracer(SCOPE)
    with spans.start_as_current_span(
        f"{OPERATION} {tool}",
        parent,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        token = _span.set(span)
        try:
            yield
        finally:
            _span.reset(token)
