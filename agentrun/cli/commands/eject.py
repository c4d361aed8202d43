"""``agentrun eject SPEC… --to DIR --target PLACE``: files that run agents elsewhere, for people to keep."""

from __future__ import annotations

from collections.abc import Sequence
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
    help="Folder to write to.",
)  # fmt: skip
@target_option(required=True, help="Where the agents will run.")
@click.option("--overwrite", is_flag=True, help="Overwrite edited files, too.")
@click.option("--keep", is_flag=True, help="Keep edited files, and count that as success.")
@place_options
def command(
    specs: tuple[Path, ...], folder: Path, target: str, overwrite: bool, keep: bool, **place: Any
) -> int:
    """Write the files that run SPECS elsewhere, for you to read, change and keep.

    Specs and plugins are copied unchanged. A file that you have edited since is kept: the difference from
    what would be written is printed, and the command exits with 1 unless --keep is given. Options such as
    --name are remembered from the first time until others are given. Only the names of secrets are written,
    never their values.
    """
    from agentrun.cli import next_steps
    from agentrun.cli.deploying import PlaceOptions, release_of
    from agentrun.deploy.targets import TARGETS
    from agentrun.deploy.writing import require_own, write

    release = release_of(specs, target, PlaceOptions(**place), folder)
    files = TARGETS[target].files(release.deployment)
    if not overwrite:
        require_own(folder, files, "write over what is there: --overwrite")
    done = write(folder, files, overwrite=overwrite, place=release.place)
    for one in done:
        _print(folder, one)
    edited = [one.name for one in done if one.state == "kept"]
    if edited and not keep:
        return _say_kept(folder, edited)
    click.echo("Next:")
    for line in next_steps.lines(folder, TARGETS[target], release.deployment):
        click.echo(f"  {line}")
    return 0


def _say_kept(folder: Path, names: Sequence[str]) -> int:
    """Name the edited files that were kept; returns the exit code for that."""
    which = ", ".join(names)
    click.echo(f"{folder} differs from what would be written: {which} was kept as edited", err=True)
    click.echo("hint: merge the differences and use --keep, or overwrite it: --overwrite", err=True)
    return 1


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
