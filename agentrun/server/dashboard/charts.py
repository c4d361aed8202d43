"""Charts as SVG rendered on the server; coordinates are in percent of the chart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agentrun.records.call_figures import Figures
from agentrun.records.store.hourly import HOUR
from agentrun.server.dashboard import axes, figures

SPANS = {"24h": (24, 1), "7d": (28, 6), "30d": (30, 24)}
"""How many columns a chart has, and of how many hours."""
_TICKS = {"24h": (4, "hour"), "7d": (4, "day"), "30d": (5, "day")}
"""Every so-manieth column has its time below it, and in which form."""
PERCENTILES = ("p50", "p95")


@dataclass(frozen=True)
class Column:
    """The calls that began in one step of time."""

    began: datetime
    calls: int
    ends: Mapping[str, int]
    p50: float | None
    p95: float | None
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Part:
    """A rectangle of a bar."""

    kind: str
    top: float
    height: float


@dataclass(frozen=True)
class Bar:
    """What stands over one column: its parts, from below, and the words of it."""

    left: float
    width: float
    parts: Sequence[Part]
    began: datetime
    words: str


@dataclass(frozen=True)
class Line:
    """A line through the columns that have a value: points, and the segments between neighbours."""

    kind: str
    points: Sequence[tuple[float, float]]
    segments: Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Chart:
    """Bars, lines and axes; columns without calls have neither bar nor point."""

    bars: Sequence[Bar]
    lines: Sequence[Line]
    kinds: Sequence[str]
    scale: axes.Scale
    times: Sequence[axes.TimeTick]
    unit: str


def first_hour(span: str, now: datetime) -> int:
    """The hour, counted from 1970, in which the chart that ends with ``now``'s hour begins."""
    number, step = SPANS[span]
    return int(now.timestamp()) // HOUR + 1 - number * step


def columns(sums: Mapping[int, Figures], span: str, now: datetime) -> list[Column]:
    """The calls of the last ``span`` in whole hours, the oldest first; ``sums`` is by column."""
    number, step = SPANS[span]
    first = datetime.fromtimestamp(first_hour(span, now) * HOUR, UTC)
    return [
        _column(first + timedelta(hours=step * place), sums.get(place) or Figures())
        for place in range(number)
    ]


def _column(began: datetime, sums: Figures) -> Column:
    ends = {kind: sums.ends[kind].count for kind in sorted(sums.ends)}
    stages = {stage: sums.stage_ms(stage) for stage in figures.STAGES if stage in sums.stages}
    return Column(began, sums.calls, ends, sums.percentile(0.5), sums.percentile(0.95), stages)


def latency(steps: Sequence[Column], span: str) -> Chart:
    """The mean of each stage, stacked, and the lines of the median and of p95."""
    values = [column.stages for column in steps]
    most = max((column.p95 or 0.0 for column in steps), default=0.0)
    scale = axes.scale(max(most, *(sum(each.values()) for each in values), 1.0))
    lines = [_line(name, [getattr(column, name) for column in steps], scale) for name in PERCENTILES]
    kinds = [stage for stage in figures.STAGES if any(stage in each for each in values)]
    return Chart(
        _bars(steps, values, scale, " ms"), [each for each in lines if each.points], kinds, scale,
        _times(steps, span), "ms",
    )  # fmt: skip


def calls(steps: Sequence[Column], span: str) -> Chart:
    """Calls by who ended them, stacked."""
    values = [column.ends for column in steps]
    scale = axes.scale(max((column.calls for column in steps), default=0), whole=True)
    kinds = sorted({kind for each in values for kind in each})
    return Chart(_bars(steps, values, scale, ""), [], kinds, scale, _times(steps, span), "calls")


def _bars(
    steps: Sequence[Column], values: Sequence[Mapping[str, float]], scale: axes.Scale, unit: str
) -> list[Bar]:
    wide = 100 / len(steps)
    return [
        Bar(place * wide, wide, _stack(each, scale), column.began, _words(column, each, unit))
        for place, (column, each) in enumerate(zip(steps, values, strict=True))
        if column.calls
    ]


def _stack(values: Mapping[str, float], scale: axes.Scale) -> list[Part]:
    top, parts = 100.0, []
    for kind, value in values.items():
        top -= scale.height(value)
        parts.append(Part(kind, top, scale.height(value)))
    return parts


def _words(column: Column, values: Mapping[str, float], unit: str) -> str:
    words = [f"{kind} {value:.0f}{unit}" for kind, value in values.items()]
    if unit:
        percentiles = {name: getattr(column, name) for name in PERCENTILES}
        words += [f"{name} {value:.0f}{unit}" for name, value in percentiles.items() if value is not None]
    return ", ".join([f"{column.calls} calls" if column.calls != 1 else "1 call", *words])


def _line(kind: str, values: Sequence[float | None], scale: axes.Scale) -> Line:
    """Points in the middle of each column that has a value; over a gap there is no line."""
    wide = 100 / max(1, len(values))
    places = [
        None if value is None else (i * wide + wide / 2, 100 - scale.height(value))
        for i, value in enumerate(values)
    ]
    pairs = itertools.pairwise(places)
    segments = [(*one, *other) for one, other in pairs if one is not None and other is not None]
    return Line(kind, [place for place in places if place is not None], segments)


def _times(steps: Sequence[Column], span: str) -> list[axes.TimeTick]:
    return axes.times([column.began for column in steps], *_TICKS[span])
