"""``agentrun eject SPEC… --to DIR --target PLACE``: files that run agents elsewhere, for people to keep."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.shared import specs_argument
from agentrun.cli.options.target import place_options, target_option

if TYPE_CHECKING:
    from agentrun.deploy.writing import Written


@click.command()
@specs_argument("specs")
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write.",
)  # fmt: skip
@target_option(required=True, help="The place that they are to run at.")
@click.option("--overwrite", is_flag=True, help="Write over files that were edited, too.")
@place_options
def command(specs: tuple[Path, ...], folder: Path, target: str, overwrite: bool, **place: Any) -> int:
    """Write the files that run SPECS at a place of your own choice, and that you can read and keep.

    Specs and plugins are copied as they are. A file that was edited since it was written stays, and what
    would be written now is printed as a difference. Secrets are named; their values stand nowhere.
    """
    from agentrun.cli.deploying import deployment
    from agentrun.deploy.targets import TARGETS
    from agentrun.deploy.writing import write

    release = deployment(specs, target, **place)
    done = write(folder, TARGETS[target].files(release), overwrite=overwrite)
    for one in done:
        _print(folder, one)
    click.echo("Next:")
    for line in (["cd", str(folder)], *TARGETS[target].commands(release)):
        click.echo(f"  {shlex.join(line)}")
    return 0


def _print(folder: Path, one: Written) -> None:
    if one.state == "unchanged":
        return
    if one.state == "left":
        click.echo(f"{folder / one.name} is no longer written; remove it if you don't need it")
        return
    if one.state != "kept":
        click.echo(f"{one.state} {folder / one.name}")
        return
    click.echo(f"kept {folder / one.name}, which was edited; what would be written differs:")
    for line in one.difference.splitlines():
        click.echo(f"    {line}")
