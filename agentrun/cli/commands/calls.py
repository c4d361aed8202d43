"""``agentrun calls``: what happened on the telephone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from agentrun.cli.commands import calls_replay
from agentrun.cli.options.record_store import open_store
from agentrun.cli.options.server import DURATION, records_option
from agentrun.cli.output import call_figures

_WHO = {"caller": "cyan", "agent": "green", "tool": "yellow"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Look at the records of calls."""


@command.command("list")
@records_option
@click.option("--agent", help="Of this agent alone.")
@click.option("--last", "most", default=20, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--since", type=DURATION, metavar="DURATION", help="Begun within this time, such as 12h.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call.")
def list_calls(records: str, agent: str | None, most: int, since: float | None, as_json: bool) -> None:
    """The newest calls: when, who, how long, and why they ended."""
    from agentrun.records.store.store import CallQuery

    begun = datetime.now(UTC) - timedelta(seconds=since) if since else None
    with open_store(records) as store:
        found = list(store.find(CallQuery(agent, begun, most)))
    if as_json:
        for record in found:
            click.echo(json.dumps(record, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("began", "call", "agent", "from", "lasted", "answer", "cost", "ended by", "reason"):
        table.add_column(name, no_wrap=name in ("began", "call", "lasted", "answer", "cost"))
    for record in found:
        by = record["ended_by"] or "still up"
        colour = "red" if by == "error" else ""
        caller = record["from_number"] or record["transport"]
        row = (_when(record), record["id"], record["agent"], caller, _lasted(record))
        figures = (call_figures.answer(record), call_figures.cost(record))
        table.add_row(*row, *figures, by, record["reason"], style=colour)
    Console().print(table)
    for line, exceeded in call_figures.budgets(found):
        Console(highlight=False).print(line, style="red" if exceeded else "green", markup=False)


@command.command()
@click.argument("call_id")
@records_option
@click.option("--json", "as_json", is_flag=True, help="The record as JSON.")
def show(call_id: str, records: str, as_json: bool) -> None:
    """One call: who said what and when, which tools ran, what went wrong."""
    from rich.console import Console

    from agentrun.errors import SetupError
    from agentrun.records import waiting_times

    with open_store(records) as store:
        record = store.get(call_id)
    if record is None:
        raise SetupError(f"there is no call '{call_id}'", "see `agentrun calls list`")
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    caller = record["from_number"] or "somebody"
    head = f"{record['agent']}, {record['transport']}, {caller}, {_when(record)}, {_lasted(record)}"
    console.print(head, style="bold")
    _conversation(console, record)
    if table := call_figures.turns(record):
        console.print(table)
    for waited in waiting_times.of_calls([record]):
        console.print(f"budget: {waited}", style="red" if waited.exceeded else "green", markup=False)
    for line in call_figures.usage(record):
        console.print(line, style="dim", markup=False)
    if record.get("recording"):
        console.print(f"recording: {record['recording']}", markup=False)
    for error in record["errors"]:
        console.print(f"error: {error}", style="red", markup=False)
    console.print(f"ended by {record['ended_by'] or 'nobody yet'}: {record['reason']}", markup=False)


@command.command()
@records_option
@click.option("--agent", help="Of this agent alone.")
@click.option("--since", type=DURATION, metavar="DURATION", help="Begun within this time, such as 24h.")
def export(records: str, agent: str | None, since: float | None) -> None:
    """Every call as one line of JSON."""
    from agentrun.records.store.store import CallQuery

    begun = datetime.now(UTC) - timedelta(seconds=since) if since else None
    with open_store(records) as store:
        for record in store.find(CallQuery(agent, begun)):
            click.echo(json.dumps(record, ensure_ascii=False))


command.add_command(calls_replay.command, "replay")


def _conversation(console: Any, record: Mapping[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for entry in record["transcript"]:
        words = entry["text"]
        if entry["who"] == "tool":
            arguments = json.dumps(entry["arguments"], ensure_ascii=False)
            words = f"{entry['name']}({arguments}) {entry['status']} in {entry['seconds']:.2f} s: {words}"
        cut = " — cut by the caller" if entry["interrupted"] else ""
        who = Text(entry["who"], style=_WHO[entry["who"]])
        table.add_row(f"{entry['at']:8.2f}", who, Text(words + cut))
    console.print(table)


def _when(record: Mapping[str, Any]) -> str:
    return datetime.fromisoformat(record["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _lasted(record: Mapping[str, Any]) -> str:
    if not record["ended"]:
        return "…"
    took = datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])
    return f"{took.total_seconds():.0f} s"
