"""The next steps after a folder is ejected: fill in secrets, run commands, and do what no command can."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from agentrun.deploy.deployment import Deployment
from agentrun.deploy.targets import Target
from agentrun.deploy.written import secret_files
from agentrun.deploy.written.secret_files import EXAMPLE
from agentrun.errors import SetupError


def lines(folder: Path, place: Target, wanted: Deployment) -> Iterator[str]:
    """The steps as lines for a shell in the current folder."""
    yield shlex.join(["cd", str(folder)])
    yield from _of_secrets(folder, place, wanted)
    yield from (shlex.join(line) for line in place.commands(wanted))
    yield from (f"# {remark}" for remark in place.remarks(wanted))


def require_secrets(folder: Path, place: Target, wanted: Deployment) -> None:
    """Raise SetupError for secrets that are not filled in."""
    if place.secrets is None:
        return
    missing = secret_files.missing(folder / place.secrets, place.files(wanted)[EXAMPLE])
    if missing is None:
        words = f"there is no {folder / place.secrets}, and what is to run has no secrets without it"
        raise SetupError(words, f"copy {folder / EXAMPLE} to it, and fill it in")
    if missing:
        raise SetupError(f"{folder / place.secrets} has no value for {', '.join(missing)}", "fill it in")


def _of_secrets(folder: Path, place: Target, wanted: Deployment) -> Iterator[str]:
    if place.secrets is None:
        return
    example = place.files(wanted)[EXAMPLE]
    missing = secret_files.missing(folder / place.secrets, example)
    names = ", ".join(secret_files.needed(example) if missing is None else missing)
    if missing is None:
        copy = shlex.join(["install", "-m", "600", EXAMPLE, place.secrets])
        yield f"{copy}  # and fill it in{f': {names}' if names else ''}"
    elif missing:
        yield f"# fill in {place.secrets}: {names}"
