"""A table of calls: always with whole ids, and as many other columns as fit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agentrun.cli.output import call_figures

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("began", "call", "agent", "from", "lasted", "answer", "cost", "ended by", "reason")
_LEAVE_OUT = ("cost", "answer", "from", "lasted", "began")
"""Columns that a narrow terminal leaves out, in this order."""
_LEAST_REASON = 16
_GAP = 2
PIPED_COLUMNS = 1000
"""Width for pipes and files, in which nothing is wrapped."""


def row(record: Mapping[str, Any]) -> dict[str, str]:
    """A call's values for people, by column."""
    return {
        "began": began(record),
        "call": record["id"],
        "agent": record["agent"],
        "from": record["from_number"] or record["transport"],
        "lasted": lasted(record),
        "answer": call_figures.answer(record),
        "cost": call_figures.cost(record),
        "ended by": record["ended_by"] or "still up",
        "reason": record["reason"],
    }


def table(records: Sequence[Mapping[str, Any]], width: int) -> Table:
    """A table of the calls, ``width`` characters wide; a reason that does not fit is wrapped."""
    from rich.table import Table
    from rich.text import Text

    rows = [row(record) for record in records]
    shown = fitting(rows, width)
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
    for name in shown:
        folds = name == "reason"
        grid.add_column(
            name, no_wrap=not folds, overflow="fold", min_width=0 if folds else _width(rows, name)
        )
    for each, record in zip(rows, records, strict=True):
        style = "red" if record["ended_by"] == "error" else ""
        grid.add_row(*(Text(each[name]) for name in shown), style=style)
    return grid


def fitting(rows: Sequence[Mapping[str, str]], width: int) -> list[str]:
    """The columns that lines of ``width`` characters have room for, with some of the reason.

    >>> row = {"call": "CA" + "0" * 32, "agent": "desk", "ended by": "caller", "reason": "the caller hung up"}
    >>> fitting([dict.fromkeys(COLUMNS, "2026-01-02 03:04") | row], 80)
    ['call', 'agent', 'ended by', 'reason']
    """
    shown = list(COLUMNS)
    for name in _LEAVE_OUT:
        used = sum(_width(rows, each) + _GAP for each in shown if each != "reason")
        if used + min(_width(rows, "reason"), _LEAST_REASON) <= width:
            break
        shown.remove(name)
    return shown


def line_width() -> int:
    """The width of a line in characters: that of the terminal, or unlimited if there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_COLUMNS


def began(record: Mapping[str, Any]) -> str:
    """When a call began, in this machine's time zone."""
    return datetime.fromisoformat(record["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def lasted(record: Mapping[str, Any]) -> str:
    """How long a call was; of a record from before there was a figure, what its times say."""
    if not record["ended"]:
        return "…"
    seconds = record.get("seconds")
    if seconds is None:
        took = datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])
        seconds = took.total_seconds()
    return f"{seconds:.0f} s"


def _width(rows: Sequence[Mapping[str, str]], name: str) -> int:
    return max([len(name), *(len(row[name]) for row in rows)])
