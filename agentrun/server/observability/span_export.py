"""Filters a call's spans before they are exported; imported only if OpenTelemetry is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from agentrun.server.observability.provider_names import ProviderNames

SCOPES = ("agentrun", "pipecat")
"""Whose spans are a call's; other libraries have their own, which are not ours to send."""
TOLD = frozenset(
    {
        "agent.name",
        "agentrun.tool.status",
        "conversation.id",
        "conversation.type",
        "error.type",
        "function_calls.first_name",
        "gen_ai.agent.name",
        "gen_ai.conversation.id",
        "gen_ai.operation.name",
        "gen_ai.output.type",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.tool.call.id",
        "gen_ai.tool.name",
        "gen_ai.tool.type",
        "language",
        "service.operation",
        "tools.names",
        "turn.type",
        "voice_id",
    }
)
"""Attributes whose text is never anybody's words. Numbers and yes or no are told as well; all else may hold
transcripts, prompts, arguments or results: Pipecat writes all of them into its spans."""


PROVIDER = "gen_ai.provider.name"
CONVENTIONS = {"agent.name": "gen_ai.agent.name", "conversation.id": "gen_ai.conversation.id"}
"""What the GenAI conventions of OpenTelemetry call an attribute that Pipecat has by another name.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""
OPERATION = "gen_ai.operation.name"
OPERATIONS = {"llm_response": "chat"}
"""What the conventions call an operation of Pipecat's. They have no name for the others, such as ``stt``, and
of the spans of one realtime answer this one has its tokens; Pipecat's name stays in ``service.operation``."""


class PrivateSpanExporter(SpanExporter):
    """Hands spans on to ``exporter``, without what was said unless ``content`` is true.

    Providers and operations have the names that OpenTelemetry gives them, and attributes its names beside
    Pipecat's.
    """

    def __init__(self, exporter: SpanExporter, *, content: bool) -> None:
        self._exporter = exporter
        self._content = content
        self._providers = ProviderNames()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        ours = [span for span in spans if _scope(span).split(".")[0] in SCOPES]
        if not ours:
            return SpanExportResult.SUCCESS
        return self._exporter.export([self._rewritten(span) for span in ours])

    def _rewritten(self, span: ReadableSpan) -> ReadableSpan:
        attributes = dict(span.attributes or {})
        attributes |= {name: attributes[own] for own, name in CONVENTIONS.items() if own in attributes}
        if PROVIDER in attributes:
            attributes[PROVIDER] = self._providers.find(str(attributes[PROVIDER]))
        if OPERATION in attributes:
            written = str(attributes[OPERATION])
            attributes[OPERATION] = OPERATIONS.get(written, written)
        return _copy(span, attributes) if self._content else _bare(span, attributes)

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class SpanExport(SpanProcessor):
    """A processor that can be taken out again: the provider of a process stays for good."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor: SpanProcessor | None = processor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self._processor:
            self._processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if self._processor:
            self._processor.on_end(span)

    def shutdown(self) -> None:
        """Send what is left and let go of it; blocks."""
        processor, self._processor = self._processor, None
        if processor:
            processor.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._processor is None or self._processor.force_flush(timeout_millis)


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _bare(span: ReadableSpan, attributes: Mapping[str, AttributeValue]) -> ReadableSpan:
    """The span without words; an exception's message may hold some, so its events go too."""
    wordless = {
        key: value
        for key, value in attributes.items()
        if key in TOLD or isinstance(value, bool | int | float)
    }
    return _copy(span, wordless, wordless_as=Status(span.status.status_code))


def _copy(
    span: ReadableSpan, attributes: Mapping[str, AttributeValue], wordless_as: Status | None = None
) -> ReadableSpan:
    """The span with other ``attributes``, and without events and links where it is ``wordless_as``."""
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=() if wordless_as else span.events,
        links=() if wordless_as else span.links,
        kind=span.kind,
        status=wordless_as or span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
