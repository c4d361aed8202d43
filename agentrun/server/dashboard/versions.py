"""Versions of an agent's spec, by what came of the calls that were run with them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.records.percentile import percentile
from agentrun.server.dashboard import figures

MOST_CALLS = 300
"""Of an agent that are looked into, the newest."""
Row = Mapping[str, Any]


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


def of_calls(rows: Iterable[Row]) -> list[Version]:
    """The versions of calls that have ended, the one that was used last first."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get("spec_hash") and row["ended"]:
            groups[row["spec_hash"]].append(row)
    versions = [_version(name, group) for name, group in groups.items()]
    return sorted(versions, key=lambda version: version.last, reverse=True)


def _version(name: str, rows: Sequence[Row]) -> Version:
    began = [row["started"] for row in rows]
    times = figures.answers(rows)
    entries = [entry for row in rows for entry in row.get("transcript") or ()]
    tools = [entry["status"] in ("failed", "timeout") for entry in entries if entry["who"] == "tool"]
    said = [bool(entry["interrupted"]) for entry in entries if entry["who"] == "agent"]
    costs = [row["cost"]["total"] for row in rows if (row.get("cost") or {}).get("parts")]
    successes = [value for row in rows if (value := (row.get("analysis") or {}).get("success")) is not None]
    return Version(
        name,
        min(began),
        max(began),
        len(rows),
        share(row.get("ended_by") == "error" for row in rows) or 0.0,
        percentile(times, 0.5) if times else None,
        percentile(times, 0.95) if times else None,
        statistics.median(figures.seconds(row) or 0.0 for row in rows),
        share(said),
        len(tools),
        share(tools),
        statistics.mean(costs) if costs else None,
        share(value is True for value in successes),
    )


def share(values: Iterable[bool]) -> float | None:
    """How many of some are so, in percent; None where there are none.

    >>> share([True, False])
    50.0
    """
    some = list(values)
    return 100.0 * sum(some) / len(some) if some else None
