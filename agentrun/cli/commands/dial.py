"""``agentrun dial SPEC --to +1…``: have an agent call a telephone number."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentrun.cli.options.shared import override_options
from agentrun.printable import as_json as in_json

if TYPE_CHECKING:
    from agentrun.records import CallRecord
    from agentrun.server.lifecycle.startup import Options, RunningServer

LAST_SECONDS = 5.0
"""How long the record of a call that Ctrl-C ended may take to be completed."""
CODES = {"answered": 0, "machine": 4, "busy": 5, "no-answer": 6, "failed": 7, "canceled": 130}


def _parameters(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter(f"'{name}' is not NAME=VALUE, such as patient=Ada")
    parameters = {name: text for name, _, text in pairs}
    if parameters:
        from agentrun.server.twilio.outbound import stream_parameters

        if wrong := stream_parameters.wrong(parameters):
            raise click.BadParameter(wrong)
    return parameters


def _number(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from agentrun.spec.models.outbound import E164

    if not E164.fullmatch(value):
        raise click.BadParameter(f"'{value}' is not a telephone number in E.164, such as +15551234567")
    return value


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="NUMBER", callback=_number, help="Number to call, in E.164.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on for Twilio.")
@click.option(
    "--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--public-url", help="Where Twilio reaches this machine, such as https://voice.example.com.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", callback=_parameters,
    help="Value for prompts and tools (call.parameters); repeatable.",
)  # fmt: skip
@click.option("--offline", is_flag=True, help="Use a mock model server; Twilio still places the call.")
@click.option("--json", "as_json", is_flag=True, help="Print the call's record as one JSON object.")
@override_options
def command(
    spec: Path,
    to: str,
    host: str,
    port: int,
    public_url: str | None,
    parameters: dict[str, str],
    offline: bool,
    as_json: bool,
    style: str | None,
    overrides: tuple[tuple[str, str], ...],
) -> int:
    """Have the agent of SPEC call a number over Twilio, and follow the call to its end.

    Exits with 0 if a person answered, 4 for a machine, 5 if the line was busy, 6 if nobody answered, 7 if the
    call could not be completed, and 1 if a fault ended it. Ctrl-C ends the call and exits with 130.
    """
    import uvloop

    from agentrun.cli.output.server_screen import quiet_logs

    quiet_logs("ERROR")
    from agentrun.server.lifecycle.startup import Options

    options = Options(
        host=host,
        port=port,
        public_url=public_url,
        offline=offline,
        style=style,
        overrides=overrides,
    )
    record, stopped = uvloop.run(_dial(spec, to, parameters, options))
    if as_json:
        click.echo(in_json(record.as_json()))
    else:
        _show(record)
    if stopped:
        return CODES["canceled"]
    return 1 if record.ended_by == "error" else CODES.get(record.outcome, 1)


async def _dial(spec: Path, to: str, parameters: dict[str, str], options: Options) -> tuple[CallRecord, bool]:
    from agentrun.cli.input.ctrl_c import interrupted
    from agentrun.cli.output import server_screen
    from agentrun.server.lifecycle.startup import running_server

    with interrupted() as stop, server_screen.progress("Loading") as done:
        async with running_server([spec], dict(os.environ), options) as server:
            done()
            with server_screen.progress(f"Calling {to}"):
                return await _place(server, to, parameters, stop)


async def _place(
    server: RunningServer, to: str, parameters: dict[str, str], stop: asyncio.Event
) -> tuple[CallRecord, bool]:
    """Place the call and follow it; Ctrl-C ends it. Returns its record, and whether Ctrl-C ended it."""
    from agentrun.errors import SetupError
    from agentrun.transports.twilio_rest import TwilioError

    agent = next(iter(server.switchboard.plans))
    try:
        outgoing = await server.diallers.place(agent, to, parameters)
    except TwilioError as error:
        if error.code == 20003:
            hint = "see TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
            raise SetupError(error.message, hint) from None
        return next(r for r in server.switchboard.records.newest() if r.direction == "outbound"), False
    following = asyncio.create_task(server.diallers.follow(outgoing))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if following.done():
        return following.result(), False
    await server.diallers.withdraw(outgoing)
    await asyncio.wait({following}, timeout=LAST_SECONDS)
    following.cancel()
    return outgoing.record, True


def _show(record: CallRecord) -> None:
    """Print the outcome of the call, and its transcript."""
    from rich.text import Text

    from agentrun.cli.output.printable_console import PrintableConsole
    from agentrun.testing.results.report import conversation

    console = PrintableConsole()
    colour = "green" if record.outcome == "answered" else "yellow"
    who = f" by {record.answered_by}" if record.answered_by else ""
    console.print(Text.assemble((record.outcome, colour), f"{who}: {record.reason}"))
    if record.transcript:
        console.print(conversation(record.transcript))
