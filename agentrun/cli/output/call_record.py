"""One call on the terminal: transcript, tools, outcome and cost."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agentrun.cli.output import call_figures
from agentrun.cli.output.call_list import began, lasted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WHO = {"caller": "cyan", "agent": "green", "tool": "yellow", "keypad": "cyan"}
_CUTS = {
    "caller": "cut by the caller",
    "agent": "cut by the agent",
    "hang-up": "cut by the hang-up",
    "provider": "broken off by the provider",
    "server": "cut by the end of the server",
}


def show(record: Mapping[str, Any], console: Console) -> None:
    """Print a record as ``CallRecord.as_json`` gives it."""
    from rich.text import Text

    from agentrun.records import waiting_times

    caller = record["from_number"] or "somebody"
    head = f"{record['agent']}, {record['transport']}, {caller}, {began(record)}, {lasted(record)}"
    console.print(head, style="bold")
    console.print(_conversation(record))
    if table := call_figures.turns(record):
        console.print(table)
    for waited in waiting_times.of_calls([record]):
        console.print(f"budget: {waited}", style="red" if waited.exceeded else "green")
    for line in call_figures.usage(record):
        console.print(line, style="dim")
    if record.get("recording"):
        console.print(f"recording: {record['recording']}{_elsewhere(record)}")
    for line in call_figures.analysis(record):
        console.print(Text(line))
    for error in record["errors"]:
        console.print(f"error: {error}", style="red")
    console.print(f"ended by {record['ended_by'] or 'nobody yet'}: {record['reason']}")


def _elsewhere(record: Mapping[str, Any]) -> str:
    """Which machine has a recording that is a file of another one."""
    machine = record.get("machine") or platform.node()
    return "" if machine == platform.node() or "://" in record["recording"] else f" (a file of {machine})"


def _conversation(record: Mapping[str, Any]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for at, who, words in sorted(_lines(record), key=lambda line: line[0]):
        table.add_row(f"{at:8.2f}", Text(who, style=_WHO.get(who, "")), Text(words))
    return table


def _lines(record: Mapping[str, Any]) -> Iterator[tuple[float, str, str]]:
    for entry in record["transcript"]:
        words = entry["text"]
        if entry["who"] == "tool":
            arguments = json.dumps(entry["arguments"], ensure_ascii=False)
            words = f"{entry['name']}({arguments}) {entry['status']} in {entry['seconds']:.2f} s: {words}"
        cut = _CUTS.get(entry.get("cut_by") or "caller", "") if entry["interrupted"] else ""
        yield entry["at"], entry["who"], f"{words} — {cut}" if cut else words
    for press in record.get("keypad") or ():
        yield press["at"], "keypad", f"pressed {press['keys']}, which nobody had asked for"
