"""What a collector is sent is what Prometheus is told."""

from __future__ import annotations

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, HistogramDataPoint, Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentrun.pipeline.services.model_requests import Model
from agentrun.server.observability.model_metrics import ModelMetrics
from agentrun.server.observability.otlp_figures import Period, figures


def sent(registry: CollectorRegistry) -> dict[str, Metric]:
    request = encode_metrics(figures(registry.collect(), Resource({}), Period(1, 2)))
    return {one.name: one for one in request.resource_metrics[0].scope_metrics[0].metrics}


def attributes(point: HistogramDataPoint) -> dict[str, str]:
    return {each.key: each.value.string_value for each in point.attributes}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_counter_is_a_sum_that_only_grows(registry: CollectorRegistry) -> None:
    calls = Counter("agentrun_calls", "Calls that have ended.", ["agent"], registry=registry)
    calls.labels("desk").inc(3)
    calls.labels("taxi").inc()
    metric = sent(registry)["agentrun_calls"]
    assert metric.description == "Calls that have ended."
    assert metric.sum.is_monotonic
    assert metric.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    points = {each.attributes[0].value.string_value: each for each in metric.sum.data_points}
    assert {agent: point.as_double for agent, point in points.items()} == {"desk": 3.0, "taxi": 1.0}
    assert (points["desk"].start_time_unix_nano, points["desk"].time_unix_nano) == (1, 2)


def test_a_gauge_has_its_value_of_now(registry: CollectorRegistry) -> None:
    Gauge("agentrun_calls_active", "Calls that are up.", registry=registry).set(7)
    [point] = sent(registry)["agentrun_calls_active"].gauge.data_points
    assert (point.as_double, list(point.attributes)) == (7.0, [])


def test_a_histogram_counts_between_its_bounds(registry: CollectorRegistry) -> None:
    waits = Histogram("agentrun_answer_seconds", "…", ["agent"], buckets=(0.1, 0.5, 1.0), registry=registry)
    for seconds in (0.05, 0.3, 0.4, 7.0):
        waits.labels("desk").observe(seconds)
    waits.labels("taxi").observe(0.7)
    metric = sent(registry)["agentrun_answer_seconds"]
    assert metric.unit == "s"
    points = {each.attributes[0].value.string_value: each for each in metric.histogram.data_points}
    desk = points["desk"]
    assert (desk.count, desk.sum) == (4, 7.75)
    assert list(desk.explicit_bounds) == [0.1, 0.5, 1.0]
    assert list(desk.bucket_counts) == [1, 2, 0, 1]
    assert list(points["taxi"].bucket_counts) == [0, 0, 1, 0]
    assert not desk.HasField("min")
    assert not desk.HasField("max")


def test_what_nothing_was_counted_of_is_left_out(registry: CollectorRegistry) -> None:
    Counter("agentrun_errors", "…", ["agent"], registry=registry)
    assert sent(registry) == {}


def test_requests_to_models_have_the_names_and_attributes_of_the_conventions(
    registry: CollectorRegistry,
) -> None:
    metrics, model = ModelMetrics(registry), Model("aws-bedrock", "nova-pro")
    metrics.took(model, 0.9, "")
    metrics.took(model, 8.0, "no_response")
    metrics.used(model, "input", 300)
    of_model = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "nova-pro",
    }
    duration = sent(registry)[gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION]
    points = [attributes(point) for point in duration.histogram.data_points]
    assert points == [of_model, of_model | {"error.type": "no_response"}]
    assert duration.unit == "s"
    tokens = sent(registry)[gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE]
    [used] = tokens.histogram.data_points
    assert attributes(used) == of_model | {"gen_ai.token.type": "input"}
    assert (tokens.unit, used.count, used.sum) == ("{token}", 1, 300)
    assert list(used.explicit_bounds)[-1] == 67_108_864
