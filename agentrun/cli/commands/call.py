"""``agentrun call SPEC-or-URL``: place a simulated telephone call."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.durations import duration_option
from agentrun.cli.options.shared import on_telephone, override_options
from agentrun.cli.options.spoken_input import OrderedCommand, SpokenInput, order_of, spoken_options
from agentrun.errors import AgentRunError

if TYPE_CHECKING:
    from agentrun.simulate.caller.results.report import Report
    from agentrun.simulate.twilio import TwilioServer


@click.command(cls=OrderedCommand)
@click.argument("target", metavar="SPEC-or-URL")
@spoken_options
@click.option("--no-greeting", is_flag=True, help="Speak first, without waiting for a greeting.")
@duration_option("--hang-up-after", "Hang up this long after the start, whatever happens.")
@duration_option("--jitter", "Delay the caller's audio frames at random by up to this.", "0ms")
@click.option("--from", "number", metavar="NUMBER", help="The caller's number.  [default: +12025550143]")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write both sides as a stereo WAV."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--offline", is_flag=True, help="With a SPEC: no network and no keys.")
@override_options
@click.pass_context
def command(ctx: click.Context, /, target: str, as_json: bool, **asked: Any) -> int:
    """Place a simulated telephone call to the agent of a SPEC, served for this call, or to one at a URL.

    Speaks one utterance after the other, each once the answer to the previous one is over, and prints the
    conversation with each answer's time from the end of the caller's speech to the first audio. Exits with 1
    if the agent does not answer.
    """
    import uvloop

    from agentrun.cli.output.printable_console import PrintableConsole
    from agentrun.printable import as_json as in_json
    from agentrun.simulate.caller.results import call_table

    waiting = PrintableConsole(stderr=True)
    with waiting.status("…") as status:
        if not waiting.is_terminal:
            status.stop()
        report = uvloop.run(
            _call(target, CallOptions(order=order_of(ctx), **asked), lambda text: status.update(f"{text} …"))
        )
    if as_json:
        click.echo(in_json(report.as_json()))
    else:
        call_table.show(report, PrintableConsole())
    return 1 if report.failure else 0


@dataclass(frozen=True)
class CallOptions(SpokenInput):
    """The options as they were given; durations in seconds."""

    no_greeting: bool
    hang_up_after: float | None
    jitter: float
    number: str | None
    out: Path | None
    offline: bool
    style: str | None
    overrides: tuple[tuple[str, str], ...]


async def _call(target: str, asked: CallOptions, tell: Callable[[str], None]) -> Report:
    from agentrun.simulate.caller import Caller
    from agentrun.simulate.caller.offline_engines import OfflineEngines
    from agentrun.simulate.caller.run_call import run_call

    if asked.out and not asked.out.parent.is_dir():
        raise AgentRunError(
            f"{asked.out}: there is no folder {asked.out.parent}", "make it, or choose another"
        )
    environ = dict(os.environ)
    engines = OfflineEngines()
    script = await asked.script(engines, tell)
    script = dataclasses.replace(script, greeting=not asked.no_greeting, hang_up_after=asked.hang_up_after)
    async with contextlib.AsyncExitStack() as stack:
        url, twilio, greets = target, None, True
        if not target.startswith(("http://", "https://")):
            tell("starting the server")
            served = await stack.enter_async_context(_served(Path(target), environ, asked))
            url, twilio, greets = served.url, served.twilio, served.greets
            environ.update(twilio.environ())
        caller = Caller.from_environ(environ, jitter=asked.jitter)
        return await run_call(
            url,
            dataclasses.replace(caller, number=asked.number) if asked.number else caller,
            dataclasses.replace(script, greeting=script.greeting and greets),
            twilio=twilio,
            out=asked.out,
            transcribe=engines.transcribe,
            tell=tell,
        )


@dataclass(frozen=True)
class ServedAgent:
    """A server that was started for one call; ``greets`` is true if its agent speaks first."""

    url: str
    twilio: TwilioServer
    greets: bool


@contextlib.asynccontextmanager
async def _served(path: Path, environ: Mapping[str, str], asked: CallOptions) -> AsyncIterator[ServedAgent]:
    """Serve the spec at ``path`` on the telephone, with a mock Twilio that knows the call."""
    from agentrun import spec
    from agentrun.cli.output.server_screen import quiet_logs
    from agentrun.simulate.twilio import TwilioServer

    agent = spec.load(path, asked.overrides, asked.style).spec
    quiet_logs("WARNING")
    from agentrun.server.lifecycle.startup import Options, running_server

    overrides = on_telephone(agent, asked.overrides)
    async with TwilioServer() as twilio:
        options = Options(port=0, offline=asked.offline, style=asked.style, overrides=overrides)
        async with running_server([path], twilio.environ_of(environ), options) as server:
            yield ServedAgent(f"{server.url}/{agent.name}", twilio, agent.speaks_first)
