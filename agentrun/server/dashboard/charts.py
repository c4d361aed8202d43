"""Figures over time, as SVG that the server draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agentrun.records.percentile import percentile
from agentrun.server.dashboard import figures

SPANS = {"24h": (timedelta(hours=24), timedelta(hours=1)), "7d": (timedelta(days=7), timedelta(hours=6))}
SPANS["30d"] = (timedelta(days=30), timedelta(days=1))
"""How long a chart is, and how long each of its columns."""
WIDTH, HEIGHT = 720.0, 200.0
Row = Mapping[str, Any]


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


def columns(rows: Sequence[Row], span: str, now: datetime) -> list[Column]:
    """The calls of the last ``span`` in steps, the oldest first."""
    length, step = SPANS[span]
    first = now - length
    found: list[list[Row]] = [[] for _ in range(round(length / step))]
    for row in rows:
        place = int((datetime.fromisoformat(row["started"]) - first) / step)
        if 0 <= place < len(found):
            found[place].append(row)
    return [_column(first + step * place, some) for place, some in enumerate(found)]


def _column(began: datetime, rows: Sequence[Row]) -> Column:
    times = figures.answers(rows)
    turns = [turn for row in rows for turn in row.get("turns") or ()]
    ends: dict[str, int] = {}
    for row in rows:
        kind = row.get("ended_by") or "up"
        ends[kind] = ends.get(kind, 0) + 1
    stages = {
        stage: sum(turn["stages"].get(stage, 0.0) for turn in turns) / len(turns)
        for stage in figures.STAGES
        if any(stage in turn["stages"] for turn in turns)
    }
    ends = {kind: ends[kind] for kind in sorted(ends)}
    p50, p95 = (percentile(times, part) for part in (0.5, 0.95))
    return Column(began.astimezone(UTC), len(rows), ends, p50, p95, stages)


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
    top, found = HEIGHT, []
    for kind, value in values.items():
        high = value / most * HEIGHT
        top -= high
        title = f"{when}: {kind} {value:.0f}{unit}"
        found.append(Part(kind, place * wide + 1, top, max(1.0, wide - 2), high, title))
    return found


def _line(values: Sequence[float | None], most: float) -> str:
    """The points of a polyline through the middle of each column that has a value."""
    wide = WIDTH / max(1, len(values))
    points = (
        (i * wide + wide / 2, HEIGHT - value / most * HEIGHT) for i, value in enumerate(values) if value
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _hour(column: Column) -> str:
    return column.began.astimezone().strftime("%a %d %b, %H:%M")
