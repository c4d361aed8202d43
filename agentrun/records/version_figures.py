"""Per-call figures by which versions of a spec are compared, without reading transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class VersionFigures:
    """One call: ``answers`` are the times of its answers in ms, ``cost`` is None where nobody can say.

    ``lines`` are the agent's, of which so many were ``cut``; of its ``tools`` so many ``failed``. ``success``
    is what its analysis says.
    """

    spec_hash: str
    ended_by: str | None
    answers: list[float]
    lines: int
    cut: int
    tools: int
    failed: int
    cost: float | None
    success: bool | None


_NAMES = {each.name for each in fields(VersionFigures)}


def of_record(row: Row) -> VersionFigures:
    """The figures of a record, whole or of those parts that it has, in its shape.

    >>> of_record({"spec_hash": "5f0c", "turns": [{"total_ms": 812.34}]}).answers
    [812.3]
    """
    entries = row.get("transcript") or ()
    cuts = [bool(entry["interrupted"]) for entry in entries if entry["who"] == "agent"]
    tools = [entry["status"] in ("failed", "timeout") for entry in entries if entry["who"] == "tool"]
    cost = row.get("cost") or {}
    return VersionFigures(
        row.get("spec_hash") or "",
        row.get("ended_by"),
        [round(turn["total_ms"], 1) for turn in row.get("turns") or ()],
        len(cuts),
        sum(cuts),
        len(tools),
        sum(tools),
        cost["total"] if cost.get("parts") else None,
        (row.get("analysis") or {}).get("success"),
    )


def stored(row: Row, state: str) -> dict[str, Any]:
    """The figures of a record as they stand beside it, with the ``state`` in which its row was."""
    return {**asdict(of_record(row)), "of": state}


def read(value: Any) -> VersionFigures | None:
    """What ``stored`` gave; None for anything else.

    >>> row = {"spec_hash": "5f0c", "ended_by": "caller"}
    >>> read(stored(row, "noon")) == of_record(row), read({"tools": 1}), read(None)
    (True, None, None)
    """
    if type(value) is not dict or not value.keys() >= _NAMES:
        return None
    return VersionFigures(**{name: value[name] for name in _NAMES})
