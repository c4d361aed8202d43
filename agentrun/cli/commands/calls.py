"""``agentrun calls``: list, show, export, replay and migrate call records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from agentrun.cli.commands import calls_migrate, calls_replay
from agentrun.cli.options.durations import duration_option
from agentrun.cli.options.groups import Group
from agentrun.cli.options.record_filter import Condition, RecordFilter, all_of
from agentrun.cli.options.record_store import open_store, record_of
from agentrun.cli.options.server import records_option


def _formats(json_help: str, csv_help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--json`` and ``--csv``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option("--csv", "as_csv", is_flag=True, help=csv_help)(command)
        return click.option("--json", "as_json", is_flag=True, help=json_help)(command)

    return add


_since = duration_option("--since", "Only calls that began within this time, such as 24h.")
_where = click.option(
    "--where",
    type=RecordFilter(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only calls for which this holds, such as success=false; if repeated, all must hold.",
)


@click.group(cls=Group)
def command() -> None:
    """List, show and export call records."""


@command.command("list")
@records_option
@click.option("--agent", help="Only calls of this agent.")
@click.option("--last", "most", default=20, show_default=True, type=click.IntRange(1), help="How many calls.")
@_since
@_where
@_formats("Print one JSON object per call.", "Print CSV, one line per call.")
def list_calls(
    records: str,
    agent: str | None,
    most: int,
    since: float | None,
    where: tuple[Condition, ...],
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the newest calls: agent, caller, start, length, who ended them and why.

    --where takes FIELD=VALUE, and !=, <, >, <=, >= and ~ (contains). A field is one of after_call, or a field
    of the record: ended_by=error, cost.total>0.10.
    """
    rows = list(_find(records, agent, since, where, most))
    if as_json or as_csv:
        _print_all(rows, as_csv=as_csv)
        return
    from agentrun.cli.output import call_figures, call_list
    from agentrun.cli.output.printable_console import PrintableConsole

    console = PrintableConsole(width=call_list.line_width())
    console.print(call_list.table(rows, console.width))
    for line, exceeded in call_figures.budgets(rows):
        console.print(line, style="red" if exceeded else "green")


@command.command()
@click.argument("call_id")
@records_option
@_formats("Print the record as JSON.", "Print the transcript as CSV, one line per entry.")
def show(call_id: str, records: str, as_json: bool, as_csv: bool) -> None:
    """Show one call: who said what and when, which tools ran, what went wrong.

    The beginning of an id is enough if it is unique.
    """
    from agentrun.cli.output import call_csv, call_list, call_record
    from agentrun.cli.output.printable_console import PrintableConsole
    from agentrun.printable import as_json as in_json

    with open_store(records) as store:
        record = record_of(store, call_id)
    if as_json:
        click.echo(in_json(record, indent=2))
    elif as_csv:
        click.echo(call_csv.of_transcript(record), nl=False)
    else:
        call_record.show(record, PrintableConsole(width=call_list.line_width()))


@command.command()
@records_option
@click.option("--agent", help="Only calls of this agent.")
@_since
@_where
@_formats("Print one JSON object per call; this is the default.", "Print CSV, one line per call.")
def export(
    records: str,
    agent: str | None,
    since: float | None,
    where: tuple[Condition, ...],
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print all call records, one line of JSON or CSV each."""
    _print_all(_find(records, agent, since, where), as_csv=as_csv and not as_json)


command.add_command(calls_migrate.command, "migrate")
command.add_command(calls_replay.command, "replay")


def _find(
    records: str,
    agent: str | None,
    since: float | None,
    where: tuple[Condition, ...],
    most: int | None = None,
) -> Iterator[Any]:
    """Yield records as they are read: a month of them may not fit in memory."""
    from agentrun.records.store.store import CallQuery

    start = datetime.now(UTC) - timedelta(seconds=since) if since else None
    with open_store(records) as store:
        yield from store.find(CallQuery(agent, start, most, where=all_of(where)))


def _print_all(found: Iterable[Any], *, as_csv: bool) -> None:
    from agentrun.cli.output import call_csv
    from agentrun.printable import as_json

    if as_csv:
        for line in call_csv.of_calls(found):
            click.echo(line, nl=False)
        return
    for record in found:
        click.echo(as_json(record))
