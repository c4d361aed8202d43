"""An OpenTelemetry collector on loopback that keeps what it is sent."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving


@dataclass
class Collector:
    """What an OpenTelemetry collector was sent over HTTP."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    metric_bodies: list[bytes] = field(default_factory=list)

    def resources(self) -> set[tuple[str, str]]:
        """The name and the version of whoever sent the spans and the metrics."""
        resources = [one.resource for request in self._traces() for one in request.resource_spans]
        resources += [one.resource for request in self._metrics() for one in request.resource_metrics]
        texts = [{one.key: one.value.string_value for one in each.attributes} for each in resources]
        return {(text["service.name"], text["service.version"]) for text in texts}

    def spans(self) -> list[Span]:
        """Every span, in the order in which they ended."""
        scopes = [one for r in self._traces() for each in r.resource_spans for one in each.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def metrics(self) -> dict[str, Metric]:
        """The last metrics, by name."""
        requests = self._metrics()[-1:]
        scopes = [one for r in requests for each in r.resource_metrics for one in each.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def _traces(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    def _metrics(self) -> list[ExportMetricsServiceRequest]:
        return [ExportMetricsServiceRequest.FromString(body) for body in self.metric_bodies]


@contextlib.asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on loopback."""
    collector, app = Collector(), FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> dict[str, str]:
        collector.bodies.append(await request.body())
        collector.headers.append(request.headers.get("x-tenant", ""))
        return {}

    @app.post("/v1/metrics")
    async def take_metrics(request: Request) -> dict[str, str]:
        collector.metric_bodies.append(await request.body())
        collector.headers.append(request.headers.get("x-tenant", ""))
        return {}

    sock = bind("127.0.0.1", 0)
    try:
        async with serving(app, sock):
            collector.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            yield collector
    finally:
        sock.close()
