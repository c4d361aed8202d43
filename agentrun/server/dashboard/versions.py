"""Compares versions of an agent's spec by the results of their calls."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.records.percentile import percentile
from agentrun.records.version_figures import VersionFigures
from agentrun.server.dashboard import figures

MOST_CALLS = 300
"""Of an agent that are looked into, the newest."""
Call = tuple[Mapping[str, Any], VersionFigures]
"""The name and the times of a call, and its figures."""


@dataclass(frozen=True)
class Version:
    """The calls of one ``spec_hash``; times in ms and seconds, shares in percent, None where unknown."""

    spec_hash: str
    first: str
    last: str
    calls: int
    failed: float
    p50: float | None
    p95: float | None
    lasted: float | None
    cut: float | None
    tools: int
    tools_failed: float | None
    cost: float | None
    success: float | None


def of_calls(calls: Iterable[Call]) -> list[Version]:
    """The versions of calls that have ended, the one that was used last first."""
    groups: dict[str, list[Call]] = defaultdict(list)
    for row, each in calls:
        if each.spec_hash and row["ended"]:
            groups[each.spec_hash].append((row, each))
    versions = [_version(name, group) for name, group in groups.items()]
    return sorted(versions, key=lambda version: version.last, reverse=True)


def _version(name: str, calls: Sequence[Call]) -> Version:
    rows, some = zip(*calls, strict=True)
    began = [row["started"] for row in rows]
    times = [ms for each in some for ms in each.answers]
    costs = [each.cost for each in some if each.cost is not None]
    tools = sum(each.tools for each in some)
    return Version(
        name,
        min(began),
        max(began),
        len(rows),
        percent(sum(each.ended_by == "error" for each in some), len(some)) or 0.0,
        percentile(times, 0.5) if times else None,
        percentile(times, 0.95) if times else None,
        statistics.median(figures.seconds(row) or 0.0 for row in rows),
        percent(sum(each.cut for each in some), sum(each.lines for each in some)),
        tools,
        percent(sum(each.failed for each in some), tools),
        statistics.mean(costs) if costs else None,
        percent(sum(each.success is True for each in some), sum(each.success is not None for each in some)),
    )


def percent(part: int, whole: int) -> float | None:
    """A part of some in percent; None where there are none.

    >>> percent(1, 2), percent(0, 0)
    (50.0, None)
    """
    return 100.0 * part / whole if whole else None
