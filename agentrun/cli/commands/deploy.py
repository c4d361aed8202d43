"""``agentrun deploy``: print, or run, the commands that deploy an ejected folder."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.shared import specs_argument
from agentrun.cli.options.target import place_options, target_option

if TYPE_CHECKING:
    from agentrun.cli.engine import Ended


@click.command()
@specs_argument("specs")
@click.option(
    "--from", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that `agentrun eject` wrote.",
)  # fmt: skip
@target_option(required=True, help="The target that the folder was written for.")
@click.option("--run", "runs", is_flag=True, help="Run the commands, one after the other.")
@place_options
def command(specs: tuple[Path, ...], folder: Path, target: str, runs: bool, **place: Any) -> int:
    """Print the commands that deploy SPECS, from the folder that `agentrun eject` wrote for a target.

    These are commands of the target's own tools, such as kubectl. --run runs them in the folder until one
    fails, and exits with its exit code. SPECS are checked first, and must be those that the folder was
    written from. Options of `agentrun eject` apply again and need not be repeated.
    """
    from agentrun.cli import next_steps
    from agentrun.cli.deploying import PlaceOptions, release_of
    from agentrun.cli.engine import run
    from agentrun.deploy.requirements import wheel_in
    from agentrun.deploy.targets import TARGETS
    from agentrun.deploy.writing import require_current

    release = release_of(specs, target, PlaceOptions(**place), folder, deployed=True)
    deployment = replace(release.deployment, wheel=wheel_in(folder))
    require_current(folder, TARGETS[target].files(deployment), deployment.project.files)
    if not runs:
        for step in next_steps.lines(folder, TARGETS[target], deployment):
            click.echo(step)
        return 0
    next_steps.require_secrets(folder, TARGETS[target], deployment)
    lines = TARGETS[target].commands(deployment)
    _require(lines)
    for number, line in enumerate(lines, 1):
        click.echo(shlex.join(line))
        done = run(line, "run the commands elsewhere: leave out --run", folder)
        if done.code:
            _say_failed(done, lines[number:])
            return done.shell_code
    for remark in TARGETS[target].remarks(deployment):
        click.echo(f"# {remark}")
    return 0


def _say_failed(done: Ended, left: list[list[str]]) -> None:
    """Say how the last command ended, and which commands were not run because of it."""
    more = ", and the commands after it were not run" if left else ""
    click.echo(f"agentrun: {done.words}{more}; see its output above", err=True)
    for line in left:
        click.echo(f"not run: {shlex.join(line)}", err=True)
    click.echo("hint: fix that, and run it all again; repeating what is done does no harm", err=True)


def _require(lines: list[list[str]]) -> None:
    """Raise SetupError, before anything is run, for a program that is not installed."""
    from agentrun.errors import SetupError

    for program in dict.fromkeys(line[0] for line in lines):
        if not program.startswith("/") and shutil.which(program) is None:
            raise SetupError(f"{program} is not installed", "run the commands elsewhere: leave out --run")
