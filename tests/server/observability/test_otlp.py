"""OpenTelemetry's variables are read for what they say, and what can't be done is told."""

from __future__ import annotations

import pytest

from agentrun import __version__
from agentrun.errors import SetupError
from agentrun.server.observability import otlp

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_traces_and_metrics_go_to_one_collector_unless_a_variable_says_otherwise() -> None:
    environ = {BASE: "http://collector:4318"}
    assert otlp.address(environ, "metrics") == "http://collector:4318/v1/metrics"
    off = environ | {"OTEL_METRICS_EXPORTER": "none"}
    assert otlp.address(off, "metrics") is None
    assert otlp.address(off, "traces") == "http://collector:4318/v1/traces"
    other = environ | {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://other/in"}
    assert otlp.address(other, "metrics") == "http://other/in"
    assert otlp.address({"OTEL_TRACES_EXPORTER": "otlp"}, "metrics") is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "OTEL_METRICS_EXPORTER: 'prometheus' is not one of otlp"),
        ({BASE: "http://c", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc"}, "_METRICS_PROTOCOL: 'grpc' is"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "c:4318"}, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "),
    ],
)
def test_what_can_not_be_done_names_its_variable(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        otlp.address(environ, "metrics")


def test_a_signal_s_own_timeout_goes_before_that_of_all() -> None:
    environ = {"OTEL_EXPORTER_OTLP_TIMEOUT": "3", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "7"}
    assert (otlp.timeout(environ, "metrics"), otlp.timeout(environ, "traces")) == (7.0, 3.0)
    assert otlp.timeout({}, "traces") == otlp.REQUEST_SECONDS
    with pytest.raises(SetupError, match="OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' is not a number of seconds"):
        otlp.timeout({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "metrics")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "often", "1e12"])
def test_a_number_is_positive_and_finite(text: str) -> None:
    with pytest.raises(SetupError, match="OTEL_METRIC_EXPORT_INTERVAL"):
        otlp.number("OTEL_METRIC_EXPORT_INTERVAL", text, "milliseconds")


def test_the_service_is_named_by_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dict(otlp.resource({}).attributes)["service.version"] == __version__
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=desk,service.version=7,team=rosa")
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=desk,service.version=7,team=rosa"}
    attributes = dict(otlp.resource(environ).attributes)
    assert [attributes[name] for name in ("service.name", "service.version", "team")] == ["desk", "7", "rosa"]
    assert otlp.resource(environ | {"OTEL_SERVICE_NAME": "taxi"}).attributes["service.name"] == "taxi"
