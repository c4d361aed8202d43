"""Converts Prometheus metrics to OpenTelemetry's; imported only if OpenTelemetry is installed."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics import export
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import Metric
from prometheus_client.samples import Sample

from agentrun import __version__
from agentrun.server.observability.model_metrics import ATTRIBUTES, CONVENTIONS, Convention

SCOPE = "agentrun.metrics"
_CUMULATIVE = export.AggregationTemporality.CUMULATIVE
_NOT_MEASURED: Any = None
"""The least and the most of a histogram, which OTLP may have and Prometheus has not."""


@dataclass(frozen=True)
class Period:
    """From when to when figures were counted, in nanoseconds since 1970."""

    began: int
    now: int


def figures(families: Iterable[Metric], resource: Resource, period: Period) -> export.MetricsData:
    """What a registry holds, as one request to a collector has it.

    A metric keeps the name of its family: a counter's has no ``_total`` at its end, which Prometheus's own
    exporters put there again. What the GenAI conventions have a name for has that.
    """
    scope = InstrumentationScope(SCOPE, __version__)
    metrics = [_metric(family, period) for family in families if family.samples]
    scopes = [export.ScopeMetrics(scope, metrics, "")]
    return export.MetricsData([export.ResourceMetrics(resource, scopes, "")])


def _metric(family: Metric, period: Period) -> export.Metric:
    own = Convention(family.name, "s" if family.name.endswith("_seconds") else "")
    known = CONVENTIONS.get(family.name, own)
    return export.Metric(known.name, family.documentation, known.unit, _data(family, period))


def _data(family: Metric, period: Period) -> export.DataT:
    if family.type == "histogram":
        return export.Histogram(list(_histograms(family.samples, period)), _CUMULATIVE)
    if family.type == "counter":
        counts = [sample for sample in family.samples if sample.name.endswith("_total")]
        return export.Sum([_number(sample, period) for sample in counts], _CUMULATIVE, is_monotonic=True)
    return export.Gauge([_number(sample, period) for sample in family.samples])


def _number(sample: Sample, period: Period) -> export.NumberDataPoint:
    return export.NumberDataPoint(dict(sample.labels), period.began, period.now, sample.value)


def _histograms(samples: Sequence[Sample], period: Period) -> Iterable[export.HistogramDataPoint]:
    series: dict[tuple[tuple[str, str], ...], dict[str, Any]] = defaultdict(lambda: {"le": {}})
    for sample in samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", "")
        one = series[tuple(labels.items())]
        if bound:
            one["le"][float(bound)] = sample.value
        else:
            one[sample.name.rpartition("_")[2]] = sample.value
    for key, one in series.items():
        yield _histogram(dict(key), one["le"], one["sum"], period)


def _attributes(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels by the names of the conventions, which leave out what does not apply: Prometheus can't."""
    named = ((name, ATTRIBUTES.get(name), value) for name, value in labels.items())
    return {known or name: value for name, known, value in named if value or not known}


def _histogram(
    labels: Mapping[str, str], upto: Mapping[float, float], total: float, period: Period
) -> export.HistogramDataPoint:
    """Prometheus counts what is up to a bound, OpenTelemetry what is between two."""
    bounds = sorted(upto)
    below = [0.0, *(upto[bound] for bound in bounds)]
    counts = [int(more - less) for less, more in itertools.pairwise(below)]
    return export.HistogramDataPoint(
        attributes=_attributes(labels),
        start_time_unix_nano=period.began,
        time_unix_nano=period.now,
        count=int(below[-1]),
        sum=total,
        bucket_counts=counts,
        explicit_bounds=[bound for bound in bounds if not math.isinf(bound)],
        min=_NOT_MEASURED,
        max=_NOT_MEASURED,
    )
