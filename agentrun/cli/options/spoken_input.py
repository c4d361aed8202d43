"""Options for what a simulated caller says: audio files and text, in the order of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.durations import duration_option
from agentrun.errors import AgentRunError

if TYPE_CHECKING:
    from agentrun.simulate.caller.offline_engines import OfflineEngines
    from agentrun.simulate.caller.script import Script

_ORDER = "agentrun.cli.options.spoken_input"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class OrderedCommand(click.Command):
    """Remembers in which order the options stood, since ``--wav`` and ``--say`` may alternate."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in ("wav", "say")]
        return super().parse_args(ctx, args)


def order_of(ctx: click.Context) -> tuple[str, ...]:
    """``wav`` and ``say``, as often and in the order in which they were given."""
    return tuple(ctx.meta[_ORDER])


def spoken_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What the caller says, and how long they wait; for an ``OrderedCommand``."""
    for option in (
        duration_option("--silence", "Silence that ends an answer.", "1.5s"),
        duration_option("--timeout", "Longest wait for the agent to start speaking.", "15s"),
        click.option("--barge-in", type=_FILE, help="Interrupt the last answer with an audio file."),
        click.option(
            "--say", multiple=True, metavar="TEXT", help="Say TEXT with the offline voice; repeatable."
        ),
        click.option("--wav", multiple=True, type=_FILE, help="Play an audio file; repeatable."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class SpokenInput:
    """These options as they were given; durations in seconds."""

    order: tuple[str, ...]
    wav: tuple[Path, ...]
    say: tuple[str, ...]
    barge_in: Path | None
    timeout: float
    silence: float

    async def script(self, engines: OfflineEngines, tell: Callable[[str], None]) -> Script:
        """What to say, in the order of the command line; raises AgentRunError for sound without speech."""
        from agentrun.simulate.caller.script import Script, Utterance

        if self.say:
            tell("loading the voice")
        files, texts = iter(self.wav), iter(self.say)
        utterances = [
            Utterance.from_file(next(files))
            if option == "wav"
            else Utterance(await engines.speak(text := next(texts)), text=text)
            for option in self.order
        ]
        silent = next((each.name for each in utterances if each.speech.silent), None)
        if silent:
            raise AgentRunError(f"{silent} holds no speech", "record it louder")
        interruption = Utterance.from_file(self.barge_in) if self.barge_in else None
        return Script(tuple(utterances), interruption, timeout=self.timeout, silence=self.silence)
