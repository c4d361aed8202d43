"""``agentrun calls replay``: repeat a recorded call with today's spec."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.output_file import OutputFile
from agentrun.cli.options.server import records_option
from agentrun.cli.options.shared import override_options
from agentrun.printable import printable

if TYPE_CHECKING:
    from agentrun.spec.models.scenarios import Scenario
    from agentrun.testing.from_calls.replay import Replayed


@click.command()
@click.argument("call_id")
@records_option
@click.option(
    "--spec", "path", type=click.Path(path_type=Path), help="The agent's spec; by default that of the call."
)
@click.option("--write", type=OutputFile(), help="Add the call to this tests file.")
@click.option("--live", is_flag=True, help="Use the real model; needs a key.")
@override_options
def command(
    call_id: str,
    records: str,
    path: Path | None,
    write: Path | None,
    live: bool,
    style: str | None,
    overrides: tuple[tuple[str, str], ...],
) -> int:
    """Replay a recorded call with today's agent: the caller says the same, and tools return the same.

    Without --live the model answers as it did then. Exits with 0 if nothing has changed. If prompts, tools,
    models or tool calls have changed, prints the differences and exits with 1.
    """
    from agentrun import spec
    from agentrun.cli.output.server_screen import quiet_logs

    record = _record(records, call_id)
    file = spec.load(path or _path(record), overrides, style)
    quiet_logs("CRITICAL")
    from agentrun.testing.from_calls import append_test, record_to_test

    test = record_to_test.scenario(record)
    if write:
        append_test.append(test, write)
        click.echo(f"{write}: added {test.name}")
    result = _replay(record, test, file, live=live)
    return _tell(result, live=live)


def _record(records: str, call_id: str) -> Mapping[str, Any]:
    from agentrun.cli.options.record_store import open_store, record_of
    from agentrun.errors import SetupError

    with open_store(records) as store:
        record = record_of(store, call_id)
    if not record["transcript"]:
        raise SetupError(f"nothing was said on call '{call_id}'", "choose another one: `agentrun calls list`")
    return record


def _path(record: Mapping[str, Any]) -> Path:
    """The spec that the call was run with."""
    from agentrun.errors import SetupError

    path = Path((record.get("spec") or {}).get("file") or "")
    if not path.is_file():
        agent = record["agent"]
        raise SetupError(f"the spec of agent '{agent}' is not known here", f"add --spec agents/{agent}.yaml")
    return path


def _replay(record: Mapping[str, Any], test: Scenario, file: Any, *, live: bool) -> Replayed:
    """In real time with a real model, else on a clock that jumps."""
    import asyncio

    from agentrun.testing.from_calls.replay import replay
    from agentrun.testing.running import environment
    from agentrun.testing.virtual_time import VirtualTimeLoop

    environ = dict(os.environ) if live else environment.scripted(os.environ)
    with asyncio.Runner(loop_factory=None if live else VirtualTimeLoop) as loop:
        return loop.run(replay(record, test, file, environ, live=live))


def _tell(found: Replayed, *, live: bool) -> int:
    for line in (*found.changed, *found.different, *found.reworded):
        click.echo(printable(line))
    wrong = [*found.changed, *found.different, *(() if live else found.reworded)]
    if not wrong:
        click.echo(f"{found.turns} turns: nothing has changed")
    return 1 if wrong else 0
