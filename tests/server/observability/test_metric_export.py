"""The figures of `/metrics` go to a collector regularly, and once more at the end."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.server.observability import metric_export
from agentrun.testing import virtual_time
from tests.log_lines import log_lines

WHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def metrics() -> Any:
    return SimpleNamespace(registry=CollectorRegistry())


def test_figures_go_at_each_interval_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[float] = []
    counted = metrics()
    calls = Counter("agentrun_calls", "Calls.", registry=counted.registry)

    def note() -> None:
        counts.append(counted.registry.get_sample_value("agentrun_calls_total"))

    monkeypatch.setattr(metric_export, "_exporter", lambda *_: (note, lambda: counts.append(-1.0)))

    async def serve() -> None:
        environ = WHERE | {"OTEL_METRIC_EXPORT_INTERVAL": "10000"}
        async with metric_export.exporting(counted, environ) as on:
            assert on
            calls.inc()
            await asyncio.sleep(25)
            calls.inc()

    virtual_time.run(serve())
    assert counts == [1.0, 1.0, 2.0, -1.0]


async def test_an_exporter_that_breaks_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.metric_exporter")
    tries: list[object] = []

    def broken(_exporter: object, data: object) -> None:
        tries.append(data)
        raise RuntimeError("a defect")

    monkeypatch.setattr(module.OTLPMetricExporter, "export", broken)
    send, close = metric_export._exporter(metrics(), WHERE, "http://127.0.0.1:9/v1/metrics")
    with log_lines("WARNING") as lines:
        send()
        send()
    close()
    assert len(tries) == len(lines) == 2


async def test_without_the_variable_nothing_is_sent() -> None:
    async with metric_export.exporting(metrics(), {}) as on:
        assert not on


async def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    with pytest.raises(SetupError, match="metrics are to go to http") as caught:
        async with metric_export.exporting(metrics(), WHERE):
            pass
    assert "is not installed" in str(caught.value)
    assert install_extra("tracing") in str(caught.value)


async def test_an_interval_that_is_none_is_told() -> None:
    with pytest.raises(SetupError, match="OTEL_METRIC_EXPORT_INTERVAL: 'often' is not a number"):
        async with metric_export.exporting(metrics(), WHERE | {"OTEL_METRIC_EXPORT_INTERVAL": "often"}):
            pass
