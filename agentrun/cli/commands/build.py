"""``agentrun build SPEC…``: build a container image that serves agents."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path

import click

from agentrun.cli.options.shared import specs_argument
from agentrun.cli.options.target import image_option

ENGINES = ("docker", "podman", "buildah")


@click.command()
@specs_argument("specs")
@image_option("--tag", "image")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path),
    help="Keep the build context in this folder.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(ENGINES), help="Build tool; by default the first that is installed."
)
@click.option("--print", "only_print", is_flag=True, help="Write the folder and print the build command.")
def command(
    specs: tuple[Path, ...], image: str | None, folder: Path | None, engine: str | None, only_print: bool
) -> int:
    """Check SPECS and build an image that serves them, with locked packages and without root.

    With --print nothing is built: the build context is written to --to and the command is printed. Exits with
    the build tool's own exit code.
    """
    from agentrun.cli.deploying import PlaceOptions, release_of
    from agentrun.deploy.image import files
    from agentrun.deploy.writing import require_own, write
    from agentrun.errors import SetupError

    if only_print and folder is None:
        raise click.UsageError("--print needs --to, the folder to write")
    chosen = engine or next(filter(shutil.which, ENGINES), None)
    if not only_print and (chosen is None or not shutil.which(chosen)):
        names = ", ".join(ENGINES)
        words = f"{chosen} is not installed" if chosen else f"none of {names} is installed"
        raise SetupError(words, "install one, or write the folder for another machine: --print --to DIR")
    release = release_of(specs, "image", PlaceOptions(image=image), folder)
    with tempfile.TemporaryDirectory(prefix="agentrun-") as scratch:
        at = folder or Path(scratch)
        contents = files.files(release.deployment)
        require_own(at, contents, "move it away")
        for one in write(at, contents, place=release.place):
            if one.state == "kept":
                click.echo(f"{at / one.name} was edited, and is built as it is", err=True)
        line = files.build(release.deployment, chosen or ENGINES[0], str(at))
        click.echo(shlex.join(line))
        return 0 if only_print else _run(line)


def _run(line: list[str]) -> int:
    """Run the engine, and say how it ended where it built nothing; its code, as a shell has it."""
    from agentrun.cli.engine import run

    done = run(line, "choose another one: --engine NAME")
    if done.code:
        click.echo(f"agentrun: {done.words}, and no image was built; see its output above", err=True)
        others = [one for one in ENGINES if one != done.program and shutil.which(one)]
        again = f"build it with --engine {' or --engine '.join(others)}, or " if others else ""
        click.echo(f"hint: {again}inspect the build context: --print --to DIR", err=True)
    return done.shell_code
