"""Records as the pages show them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from agentrun.records.call_figures import Figures
from agentrun.server.dashboard.page_writer import local_time

STAGES = ("endpointing", "stt", "llm", "model", "tool", "tts", "transport")
Row = Mapping[str, Any]


def answers(rows: Iterable[Row]) -> list[float]:
    """The times of all answers, in ms."""
    return [turn["total_ms"] for row in rows for turn in row.get("turns") or ()]


def seconds(row: Row) -> float | None:
    """How long the line was open; None while it is. What was never answered has rung so long."""
    if not row["ended"]:
        return None
    opened = row.get("answered") or row["started"]
    return (datetime.fromisoformat(row["ended"]) - datetime.fromisoformat(opened)).total_seconds()


def summary(found: Iterable[Figures]) -> dict[str, Any]:
    """The figures of some calls."""
    sums = Figures()
    for each in found:
        for kind, name, part in each.parts():
            sums.add(kind, name, part.count, part.total)
    return {
        "calls": sums.calls,
        "failed": sums.failed,
        "p50": sums.percentile(0.5),
        "p95": sums.percentile(0.95),
    }


def title(agent: str, started: str) -> str:
    """What a call's page is called: its agent, and when it began."""
    return f"{agent}, {local_time(datetime.fromisoformat(started))}"


def line(row: Row) -> dict[str, Any]:
    """One call as a line of a table."""
    times = answers([row])
    cost = row.get("cost") or {}
    return {
        "agent": row["agent"],
        "id": row["id"],
        "caller": row.get("from_number") or row["transport"],
        "started": row["started"],
        "answered": row.get("answered"),
        "lasted": seconds(row),
        "ended_by": row.get("ended_by"),
        "reason": row.get("reason") or "",
        "answer": statistics.median(times) if times else None,
        "cost": cost.get("total") if cost.get("parts") else None,
        "success": (row.get("analysis") or {}).get("success"),
        "transcript": row.get("transcript") or (),
    }


def timeline(row: Row) -> list[dict[str, Any]]:
    """What happened, in order: words, tools, and failovers."""
    events = [{"kind": entry["who"], **entry} for entry in row.get("transcript") or ()]
    failovers = row.get("failovers", row.get("takeovers")) or ()  # older rows have the former name
    events += [{"kind": "failover", **failover} for failover in failovers]
    pressed = row.get("keypad") or ()
    events += [
        {"kind": "keypad", "at": each["at"], "text": each["keys"], "interrupted": False} for each in pressed
    ]
    return sorted(events, key=lambda entry: entry["at"])


def marks(row: Row) -> list[dict[str, Any]]:
    """What a picture of the sound shows beside it: the waits for answers, and where answers were cut."""
    turns = row.get("turns") or ()
    waits = [{"kind": "wait", "at": turn["at"], "seconds": turn["total_ms"] / 1000} for turn in turns]
    entries = row.get("transcript") or ()
    cuts = [_cut_at(entries, place) for place, entry in enumerate(entries) if entry["interrupted"]]
    return [*waits, *({"kind": "cut", "at": at, "seconds": 0.0} for at in cuts)]


def _cut_at(entries: Sequence[Row], place: int) -> float:
    """When an answer was cut: with the caller's next words, where it was the caller who did it."""
    entry = entries[place]
    by_caller = entry.get("cut_by", "") in ("", "caller")
    words = (each["at"] for each in entries[place + 1 :] if each["who"] == "caller" and by_caller)
    at: float = next(words, entry["at"])
    return at


def services(row: Row) -> list[dict[str, Any]]:
    """What each service was used for, and what that may have cost; None where no price is known."""
    used, parts = row.get("usage") or {}, (row.get("cost") or {}).get("parts") or {}
    return [
        {"name": name, "used": used.get(name) or {}, "cost": parts.get(name)} for name in {**used, **parts}
    ]


def waterfall(row: Row, most: int | None = None, scale: float = 0.0) -> dict[str, Any] | None:
    """The bars of the answers, or of the latest ``most``; None without answers.

    The widest is the longest of them, or as wide as ``scale`` ms where that is longer: bars that stand beside
    those of another call are drawn to the same measure.
    """
    turns = row.get("turns") or []
    left_out = max(0, len(turns) - most) if most else 0
    turns = turns[left_out:]
    longest = max((turn["total_ms"] for turn in turns), default=0.0)
    if not longest:
        return None
    bars = []
    for turn in turns:
        parts, left = [], 0.0
        for stage in (name for name in STAGES if name in turn["stages"]):
            wide = turn["stages"][stage] / max(longest, scale) * 100
            parts.append({"stage": stage, "ms": turn["stages"][stage], "left": left, "width": wide})
            left += wide
        bars.append({"at": turn["at"], "total": turn["total_ms"], "parts": parts})
    used = {part["stage"] for bar in bars for part in bar["parts"]}
    stages = [stage for stage in STAGES if stage in used]
    return {"bars": bars, "stages": stages, "longest": longest, "left_out": left_out}
