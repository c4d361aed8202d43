"""The figures of a call record: response times and estimated cost."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def answer(record: Mapping[str, Any]) -> str:
    """The median response time, or an empty string if there is none.

    >>> answer({"turns": [{"total_ms": 512.4}, {"total_ms": 700.0}, {"total_ms": 610.0}]})
    '610 ms'
    """
    times = [turn["total_ms"] for turn in record.get("turns") or ()]
    return f"{statistics.median(times):.0f} ms" if times else ""


def budgets(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    """A line for each limit of each agent's budget, and whether it was exceeded."""
    from agentrun.records import waiting_times

    for agent in dict.fromkeys(record["agent"] for record in records):
        for waited in waiting_times.of_calls(record for record in records if record["agent"] == agent):
            yield f"budget of {agent}: {waited}", waited.exceeded


def cost(record: Mapping[str, Any]) -> str:
    """The estimated cost, with a ``+`` if part of it has no known price.

    >>> cost({"cost": {"estimate": True, "total": 0.01234, "currency": "USD", "unknown": ["tts x/y"]}})
    '~0.0123+ USD'
    """
    estimate = record.get("cost") or {}
    if not estimate.get("parts") and not estimate.get("unknown"):
        return ""
    return f"~{estimate['total']:.4f}{'+' if estimate.get('unknown') else ''} {estimate['currency']}"


def turns(record: Mapping[str, Any]) -> Any:
    """A table of response times, or None if there are none."""
    from rich.table import Table

    rows = record.get("turns") or []
    if not rows:
        return None
    stages = list(dict.fromkeys(stage for turn in rows for stage in turn["stages"]))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("asked at", "answer, ms", *stages):
        table.add_column(name, justify="right", no_wrap=True)
    for turn in rows:
        parts = (f"{turn['stages'][stage]:.0f}" if stage in turn["stages"] else "" for stage in stages)
        table.add_row(f"{turn['at']:.2f}", f"{turn['total_ms']:.0f}", *parts)
    return table


def usage(record: Mapping[str, Any]) -> list[str]:
    """A line for each service, and one for the estimated total."""
    lines = []
    for name, used in (record.get("usage") or {}).items():
        amounts = (f"{amount:g} {unit.replace('_', ' ')}" for unit, amount in used.items())
        lines.append(f"{name}: {', '.join(amounts)}")
    if figure := cost(record):
        estimate = record["cost"]
        unknown = f"; no price for {', '.join(estimate['unknown'])}" if estimate["unknown"] else ""
        lines.append(f"estimated cost: {figure}, prices of {estimate['prices']}{unknown}")
    return lines


def analysis(record: Mapping[str, Any]) -> list[str]:
    """The results of ``after_call``, a line each; empty if the spec has none."""
    outcome = record.get("analysis") or {}
    if not outcome:
        return []
    if outcome["state"] != "done":
        why = f": {outcome['reason']}" if outcome.get("reason") else ""
        return [f"analysis: {outcome['state']}{why}"]
    lines = [f"{name}: {_word(outcome[name])}" for name in ("summary", "success") if name in outcome]
    return lines + [f"{name}: {_word(value)}" for name, value in (outcome.get("fields") or {}).items()]


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word, value)) or "none"
    words = {True: "yes", False: "no", None: "not told"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
