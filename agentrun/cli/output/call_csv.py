"""Calls as CSV: one line per call, or one line per transcript entry."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from agentrun.printable import printable

CALLS = (
    *("id", "agent", "transport", "direction", "from_number", "to_number", "started", "answered", "ended"),
    *("seconds", "ended_by", "reason", "outcome", "first_audio_ms", "answers", "answer_ms", "cost", "errors"),
    *("recording", "success", "summary", "analysis"),
)
ENTRIES = ("id", "at", "who", "text", "name", "arguments", "status", "seconds", "cut_by")
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.]+$)")
"""What a spreadsheet would run as a formula; telephone numbers and negative numbers are not."""


def of_calls(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A header, then one line per call as it arrives; ``answer_ms`` is the median response time."""
    return _lines(CALLS, (_call(record) for record in records))


def of_transcript(record: Mapping[str, Any]) -> str:
    """A header, then one line per entry of the call's transcript."""
    entries = ({**entry, "id": record["id"]} for entry in record["transcript"])
    return "".join(_lines(ENTRIES, ({name: entry.get(name, "") for name in ENTRIES} for entry in entries)))


def _call(record: Mapping[str, Any]) -> dict[str, Any]:
    import statistics

    analysis = record.get("analysis") or {}
    waits = [turn["total_ms"] for turn in record.get("turns") or ()]
    figures = {
        "answers": len(waits),
        "answer_ms": statistics.median(waits) if waits else "",
        "cost": (record.get("cost") or {}).get("total", ""),
        "errors": "; ".join(record.get("errors") or ()),
        **{name: analysis.get(name, "") for name in ("success", "summary")},
        "analysis": analysis.get("fields") or analysis.get("reason") or analysis.get("state", ""),
    }
    return {name: record.get(name, "") for name in CALLS} | figures


class _Line:
    """A file for the csv writer that returns each line."""

    def write(self, text: str) -> str:
        return text


def _lines(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    writer: Any = csv.writer(_Line(), lineterminator="\n")
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([_cell(row[name]) for name in names])


def _cell(value: Any) -> str:
    """The text, made safe: no spreadsheet takes it for a formula, no terminal for an escape sequence."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = printable(str(value))
    return f"'{text}" if _FORMULA.match(text) else text
