"""Traces of calls for OpenTelemetry, through Pipecat's own spans: a call, its turns, their stages."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Mapping

from loguru import logger

from agentrun import __version__, distribution
from agentrun.errors import SetupError
from agentrun.spec.values.addresses import problem_with
from agentrun.tools.running.threads import Threads

CONTENT = "AGENTRUN_TRACE_CONTENT"
CLOSE_SECONDS = 5.0
"""How long the last spans may take on their way when the server stops."""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_LOCAL = "http://localhost:4318"
_PROTOCOL = "http/protobuf"
_SERVICE = "agentrun"


def address(environ: Mapping[str, str]) -> str | None:
    """Where traces go, by OpenTelemetry's variables (specification, "OTLP exporter"); None nowhere.

    Raises SetupError for what is asked for and can't be done.

    >>> address({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    'http://collector:4318/v1/traces'
    """
    kind = environ.get("OTEL_TRACES_EXPORTER", "")
    whole, base = environ.get(_TRACES_ENDPOINT), environ.get(_ENDPOINT)
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or kind == "none":
        return None
    if not (whole or base or kind):
        return None
    if kind not in ("", "otlp"):
        raise SetupError(f"OTEL_TRACES_EXPORTER: '{kind}' is not one of otlp, none", "export it as otlp")
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if environ.get(name, _PROTOCOL) != _PROTOCOL:
            message = f"{name}: '{environ[name]}' is not {_PROTOCOL}"
            raise SetupError(message, f"export {name}={_PROTOCOL}; a collector takes it at port 4318")
    url = whole or f"{(base or _LOCAL).rstrip('/')}/v1/traces"
    if wrong := problem_with(url):
        raise SetupError(f"{_TRACES_ENDPOINT if whole else _ENDPOINT}: {wrong}", f"write {_LOCAL}")
    return url


@contextlib.asynccontextmanager
async def exporting(environ: Mapping[str, str]) -> AsyncIterator[bool]:
    """Send spans while the block runs; whether there is anywhere to send them to.

    Spans wait in a thread of their own: a collector that is gone delays no call, and the end of the block by
    at most ``CLOSE_SECONDS``. What was said is in no span unless ``AGENTRUN_TRACE_CONTENT`` is 1. Raises
    SetupError when OpenTelemetry is needed and not installed. ``pipecat.utils.tracing.setup`` has neither a
    filter nor an end.
    """
    where = address(environ)
    if where is None:
        yield False
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from agentrun.server.observability.span_export import PrivateSpanExporter, SpanExport
    except ImportError as error:
        missing = f"traces are to go to {where}, and {error.name or 'opentelemetry'} is not installed"
        raise SetupError(missing, distribution.install_extra("tracing")) from None
    exporter = OTLPSpanExporter(where, headers=_headers(environ), timeout=_timeout(environ))
    outlet = SpanExport(
        BatchSpanProcessor(PrivateSpanExporter(exporter, content=environ.get(CONTENT) == "1"))
    )
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        name = environ.get("OTEL_SERVICE_NAME") or _SERVICE
        resource = Resource.create({"service.name": name, "service.version": __version__})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    provider.add_span_processor(outlet)
    try:
        yield True
    finally:
        closing = asyncio.get_running_loop().run_in_executor(Threads("tracing", 1), outlet.shutdown)
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        if not done:
            logger.warning("the collector at {} did not take the last spans", where)


def apart() -> contextvars.Context:
    """A context without a span: a call's trace is its own, not that of the request that brought it."""
    from opentelemetry import context

    own = contextvars.copy_context()
    own.run(context.attach, context.Context())
    return own


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    from opentelemetry.util.re import parse_env_headers

    text = environ.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or environ.get("OTEL_EXPORTER_OTLP_HEADERS")
    return dict(parse_env_headers(text or "", liberal=True))


def _timeout(environ: Mapping[str, str]) -> float:
    name = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
    text = environ.get(name) or environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") or str(CLOSE_SECONDS)
    try:
        return float(text)
    except ValueError:
        raise SetupError(f"{name}: '{text}' is no number of seconds", f"export {name}=10") from None
