"""``agentrun call SPEC-or-URL``: a telephone without a telephone."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agentrun.cli.options import override_options
from agentrun.errors import AgentRunError

if TYPE_CHECKING:
    from agentrun.simulate.caller.offline import OfflineEngines
    from agentrun.simulate.caller.report import Report
    from agentrun.simulate.caller.script import Script
    from agentrun.simulate.twilio import TwilioServer

_ORDER = "agentrun.call.order"
_F = TypeVar("_F", bound=Callable[..., Any])


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    from pydantic_core import PydanticCustomError

    from agentrun.spec.units import seconds

    try:
        return None if value is None else seconds(value)
    except PydanticCustomError:
        raise click.BadParameter(f"'{value}' is not a duration, such as 800ms, 3s or 2m") from None


def _duration(name: str, text: str, default: str | None = None) -> Callable[[_F], _F]:
    """An option that takes a duration with its unit; seconds in the code."""
    return click.option(
        name, metavar="DURATION", callback=_seconds, default=default, show_default=True, help=text
    )


class OrderedCommand(click.Command):
    """Remembers in which order the options stood, since ``--wav`` and ``--say`` may alternate."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in ("wav", "say")]
        return super().parse_args(ctx, args)


def order_of(ctx: click.Context) -> tuple[str, ...]:
    """``wav`` and ``say``, as often and in the order in which they were given."""
    return tuple(ctx.meta[_ORDER])


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=OrderedCommand)
@click.argument("target", metavar="SPEC-or-URL")
@click.option("--wav", multiple=True, type=_FILE, help="Say what is in a sound file; repeatable.")
@click.option("--say", multiple=True, metavar="TEXT", help="Say TEXT with the offline voice; repeatable.")
@click.option("--barge-in", type=_FILE, help="Interrupt the last answer with a sound file.")
@click.option("--no-greeting", is_flag=True, help="Speak first, without waiting for a greeting.")
@_duration("--hang-up-after", "Hang up so long after the start, whatever happens.")
@_duration("--jitter", "Delay the caller's frames at random, up to this.", "0ms")
@_duration("--timeout", "Longest wait for the agent to begin.", "15s")
@_duration("--silence", "Silence that ends an answer.", "1.5s")
@click.option("--from", "number", metavar="NUMBER", help="The caller's number.  [default: +12025550143]")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write both sides as a stereo WAV."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--offline", is_flag=True, help="With a SPEC: no network and no keys.")
@override_options
@click.pass_context
def command(ctx: click.Context, /, target: str, as_json: bool, **asked: Any) -> int:
    """Call the agent of a SPEC, which is served for this call, or one that answers at a URL.

    Speaks the utterances one after the other, each when the answer to the one before is over, and prints what
    was said by whom, with the time from the end of the speech to the first sound. Exits with 1 when the agent
    does not answer.
    """
    import json

    import uvloop
    from rich.console import Console

    from agentrun.simulate.caller import screen

    waiting = Console(stderr=True)
    with waiting.status("…") as status:
        if not waiting.is_terminal:
            status.stop()
        report = uvloop.run(
            _call(target, Asked(order=order_of(ctx), **asked), lambda text: status.update(f"{text} …"))
        )
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        screen.show(report, Console())
    return 1 if report.failure else 0


@dataclass(frozen=True)
class Asked:
    """The options as they were given; durations in seconds."""

    order: tuple[str, ...]
    wav: tuple[Path, ...]
    say: tuple[str, ...]
    barge_in: Path | None
    no_greeting: bool
    hang_up_after: float | None
    jitter: float
    timeout: float
    silence: float
    number: str | None
    out: Path | None
    offline: bool
    style: str | None
    overrides: tuple[tuple[str, str], ...]


async def _call(target: str, asked: Asked, tell: Callable[[str], None]) -> Report:
    from agentrun.simulate.caller import Caller
    from agentrun.simulate.caller.offline import OfflineEngines
    from agentrun.simulate.caller.place import place

    if asked.out and not asked.out.parent.is_dir():
        raise AgentRunError(
            f"{asked.out}: there is no folder {asked.out.parent}", "make it, or choose another"
        )
    environ = dict(os.environ)
    engines = OfflineEngines()
    script = await _script(asked, engines, tell)
    async with contextlib.AsyncExitStack() as stack:
        url, twilio, greets = target, None, True
        if not target.startswith(("http://", "https://")):
            tell("starting the server")
            served = await stack.enter_async_context(_served(Path(target), environ, asked))
            url, twilio, greets = served.url, served.twilio, served.greets
            environ.update(twilio.environ())
        caller = Caller.from_environ(environ, jitter=asked.jitter)
        return await place(
            url,
            dataclasses.replace(caller, number=asked.number) if asked.number else caller,
            dataclasses.replace(script, greeting=script.greeting and greets),
            twilio=twilio,
            out=asked.out,
            transcribe=engines.transcribe,
            tell=tell,
        )


async def _script(asked: Asked, engines: OfflineEngines, tell: Callable[[str], None]) -> Script:
    """What to say, in the order of the command line."""
    from agentrun.simulate.caller.script import Script, Utterance

    if asked.say:
        tell("loading the voice")
    files, texts = iter(asked.wav), iter(asked.say)
    utterances = [
        Utterance.from_file(next(files))
        if option == "wav"
        else Utterance(await engines.speak(text := next(texts)), text=text)
        for option in asked.order
    ]
    silent = next((each.name for each in utterances if each.speech.silent), None)
    if silent:
        raise AgentRunError(f"{silent} holds no speech", "record it louder")
    return Script(
        tuple(utterances),
        Utterance.from_file(asked.barge_in) if asked.barge_in else None,
        greeting=not asked.no_greeting,
        hang_up_after=asked.hang_up_after,
        timeout=asked.timeout,
        silence=asked.silence,
    )


@dataclass(frozen=True)
class Served:
    """A server that was started for one call; ``greets`` when its agent speaks first."""

    url: str
    twilio: TwilioServer
    greets: bool


@contextlib.asynccontextmanager
async def _served(path: Path, environ: Mapping[str, str], asked: Asked) -> AsyncIterator[Served]:
    """Serve the spec at ``path`` on the telephone, beside a Twilio that knows of the call."""
    from agentrun import spec
    from agentrun.cli.screen import quiet_logs
    from agentrun.simulate.twilio import TwilioServer

    agent = spec.load(path, asked.overrides, asked.style).spec
    quiet_logs("WARNING")
    from agentrun.server.running import Options, running

    on_telephone = any(transport.type == "twilio" for transport in agent.transport)
    overrides = asked.overrides if on_telephone else (*asked.overrides, ("transport", "twilio"))
    ours = {name: value for name, value in environ.items() if not name.startswith("TWILIO_API_KEY")}
    async with TwilioServer() as twilio:
        options = Options(port=0, offline=asked.offline, style=asked.style, overrides=overrides)
        async with running([path], {**ours, **twilio.environ()}, options) as server:
            yield Served(f"{server.url}/{agent.name}", twilio, agent.prompts.greeting is not None)
