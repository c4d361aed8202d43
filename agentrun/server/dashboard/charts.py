"""Figures over time, as SVG that the server draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agentrun.records.call_figures import Figures
from agentrun.records.store.hourly import HOUR
from agentrun.server.dashboard import figures

SPANS = {"24h": (24, 1), "7d": (28, 6), "30d": (30, 24)}
"""How many columns a chart has, and of how many hours."""
WIDTH, HEIGHT = 720.0, 200.0


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
    """A rectangle of a bar, in the drawing's units."""

    kind: str
    left: float
    top: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Chart:
    """Bars, and what their height means at most."""

    parts: Sequence[Part]
    lines: Sequence[tuple[str, str]]
    most: float
    kinds: Sequence[str]


def first_hour(span: str, now: datetime) -> int:
    """The hour, counted from 1970, in which the chart that ends with ``now``'s hour begins."""
    number, step = SPANS[span]
    return int(now.timestamp()) // HOUR + 1 - number * step


def columns(found: Mapping[int, Figures], span: str, now: datetime) -> list[Column]:
    """The calls of the last ``span`` in whole hours, the oldest first; ``found`` is by column."""
    number, step = SPANS[span]
    first = datetime.fromtimestamp(first_hour(span, now) * HOUR, UTC)
    return [
        _column(first + timedelta(hours=step * place), found.get(place) or Figures())
        for place in range(number)
    ]


def _column(began: datetime, sums: Figures) -> Column:
    ends = {kind: sums.ends[kind].count for kind in sorted(sums.ends)}
    stages = {stage: sums.stage_ms(stage) for stage in figures.STAGES if stage in sums.stages}
    return Column(began, sums.calls, ends, sums.percentile(0.5), sums.percentile(0.95), stages)


def latency(found: Sequence[Column]) -> Chart:
    """The mean of each stage, stacked, and the lines of the median and of p95."""
    most = max((column.p95 or 0.0 for column in found), default=0.0)
    most = max(most, *(sum(column.stages.values()) for column in found), 1.0)
    parts = [
        part
        for place, column in enumerate(found)
        for part in _stack(column.stages, place, len(found), most, _hour(column), " ms")
    ]
    lines = [
        ("p50", _line([c.p50 for c in found], most)),
        ("p95", _line([c.p95 for c in found], most)),
    ]
    used = [stage for stage in figures.STAGES if any(stage in column.stages for column in found)]
    return Chart(parts, lines, most, used)


def calls(found: Sequence[Column]) -> Chart:
    """Calls by who ended them, stacked."""
    most = float(max((column.calls for column in found), default=0) or 1)
    parts = [
        part
        for place, column in enumerate(found)
        for part in _stack(column.ends, place, len(found), most, _hour(column), "")
    ]
    kinds = sorted({kind for column in found for kind in column.ends})
    return Chart(parts, [], most, kinds)


def _stack(
    values: Mapping[str, float], place: int, number: int, most: float, when: str, unit: str
) -> list[Part]:
    wide = WIDTH / number
    top, parts = HEIGHT, []
    for kind, value in values.items():
        high = value / most * HEIGHT
        top -= high
        title = f"{when}: {kind} {value:.0f}{unit}"
        parts.append(Part(kind, place * wide + 1, top, max(1.0, wide - 2), high, title))
    return parts


def _line(values: Sequence[float | None], most: float) -> str:
    """The points of a polyline through the middle of each column that has a value."""
    wide = WIDTH / max(1, len(values))
    points = (
        (i * wide + wide / 2, HEIGHT - value / most * HEIGHT) for i, value in enumerate(values) if value
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _hour(column: Column) -> str:
    return column.began.astimezone().strftime("%a %d %b, %H:%M")
