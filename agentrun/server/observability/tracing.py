"""OpenTelemetry traces through Pipecat's spans: a call, its turns, their stages."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Mapping

from loguru import logger

from agentrun.server.observability import otlp
from agentrun.tools.running.threads import Threads

CONTENT = "AGENTRUN_TRACE_CONTENT"
CLOSE_SECONDS = 5.0
"""How long the last spans may take on their way when the server stops."""


@contextlib.asynccontextmanager
async def exporting(environ: Mapping[str, str]) -> AsyncIterator[bool]:
    """Send spans while the block runs; whether there is anywhere to send them to.

    Spans wait in a thread of their own: a collector that is gone delays no call, and the end of the block by
    at most ``CLOSE_SECONDS``. What was said is in no span unless ``AGENTRUN_TRACE_CONTENT`` is 1. Raises
    SetupError when OpenTelemetry is needed and not installed. ``pipecat.utils.tracing.setup`` has neither a
    filter nor an end.
    """
    where = otlp.address(environ, "traces")
    if where is None:
        yield False
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from agentrun.server.observability.span_export import PrivateSpanExporter, SpanExport
    except ImportError as error:
        raise otlp.missing_library(error, "traces", where) from None
    headers, timeout = otlp.headers(environ, "traces"), otlp.timeout(environ, "traces")
    exporter = OTLPSpanExporter(where, headers=headers, timeout=timeout)
    outlet = SpanExport(
        BatchSpanProcessor(PrivateSpanExporter(exporter, content=environ.get(CONTENT) == "1"))
    )
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(resource=otlp.resource(environ), shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    provider.add_span_processor(outlet)
    try:
        yield True
    finally:
        closing = asyncio.get_running_loop().run_in_executor(Threads("tracing", 1), outlet.shutdown)
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        if not done or closing.exception():
            logger.warning("the collector at {} did not take the last spans", where)


def apart() -> contextvars.Context:
    """A context without a span: a call's trace is its own, not that of the request that brought it."""
    from opentelemetry import context

    own = contextvars.copy_context()
    own.run(context.attach, context.Context())
    return own
