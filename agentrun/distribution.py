"""The installed distribution of agentrun, how it was installed, and how to install more."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path

NAME = "agentrun-voice"
"""The name on package indexes, where ``agentrun`` is another project."""
_ROOT = Path(__file__).parents[1]


class Kind(StrEnum):
    """How agentrun was installed."""

    WHEEL = "wheel"
    EDITABLE = "editable"
    CHECKOUT = "checkout"


@dataclass(frozen=True)
class Installation:
    """An installed agentrun: its ``kind``, and the ``folder`` that holds the package or the source tree."""

    kind: Kind
    folder: Path

    def requirement(self, *extras: str) -> str:
        """The requirement for ``extras`` of this copy, quoted for a shell if necessary.

        >>> Installation(Kind.WHEEL, Path("/site-packages")).requirement("offline")
        "'agentrun-voice[offline]'"
        >>> Installation(Kind.EDITABLE, Path("/home/ann/agentrun")).requirement("mcp", "pdf")
        "-e '/home/ann/agentrun[mcp,pdf]'"
        """
        suffix = f"[{','.join(extras)}]" if extras else ""
        if self.kind is Kind.WHEEL:
            return shlex.quote(f"{NAME}{suffix}")
        return f"-e {shlex.quote(f'{_from_here(self.folder)}{suffix}')}"


@cache
def installation(root: Path = _ROOT) -> Installation:
    """That of the package in ``root``: this one.

    A source tree is ``editable`` when an installer linked it (PEP 610, ``direct_url.json``), else a
    ``checkout``.
    """
    if not _is_source(root):
        return Installation(Kind.WHEEL, root)
    return Installation(Kind.EDITABLE if _links_to(root) else Kind.CHECKOUT, root)


def install_extra(*extras: str) -> str:
    """The command that installs ``extras`` of this copy: ``pip install 'agentrun-voice[offline]'``."""
    return f"{installer()} {installation().requirement(*extras)}"


def install(*requirements: str) -> str:
    """The command that installs other packages into this copy's environment.

    >>> install("s3fs").endswith(" install s3fs")  # doctest: +SKIP
    True
    """
    return " ".join([installer(), *map(shlex.quote, requirements)])


def installer() -> str:
    """The installer for the running interpreter's environment.

    ``pip install`` where that is this environment's pip, else with the interpreter named; uv where the
    environment has no pip, as those that uv makes.
    """
    python = Path(sys.executable)
    if find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(_from_here(python))}"
    pip = shutil.which("pip")
    if pip and Path(pip).parent == python.parent:
        return "pip install"
    return f"{shlex.quote(_from_here(python))} -m pip install"


def command() -> str:
    """The command that runs this copy: ``agentrun``, or its path if the shell finds another one or none.

    >>> "agentrun" in command()
    True
    """
    python = Path(sys.executable)
    ours = python.parent / "agentrun"
    if not ours.exists():
        return f"{shlex.quote(_from_here(python))} -m agentrun"
    path = shutil.which("agentrun")
    return "agentrun" if path and Path(path).samefile(ours) else shlex.quote(_from_here(ours))


def homepage() -> str | None:
    """The address that this copy's metadata names as the project's own, if it names one."""
    for one in Distribution.discover(name=NAME):
        for entry in one.metadata.get_all("Project-URL") or ():
            label, _, address = entry.partition(",")
            if label.strip().lower() in ("homepage", "documentation", "source", "repository"):
                return str(address).strip()
    return None


def _from_here(path: Path) -> str:
    """``path`` as it is typed in the current folder, if it lies there."""
    with contextlib.suppress(OSError):
        if path.is_relative_to(Path.cwd()):
            return str(path.relative_to(Path.cwd()))
    return str(path)


def _is_source(root: Path) -> bool:
    """Whether ``root`` holds the source tree, and not just a package that was installed."""
    try:
        return f'name = "{NAME}"' in (root / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _links_to(root: Path) -> bool:
    """Whether an installed distribution is a link to ``root``."""
    texts = [text for one in Distribution.discover(name=NAME) if (text := one.read_text("direct_url.json"))]
    return any(_editable(text) == root.absolute().as_uri() for text in texts)


def _editable(direct_url: str) -> str | None:
    """The address of an editable installation; None for another kind."""
    origin = json.loads(direct_url)
    return str(origin.get("url")) if origin.get("dir_info", {}).get("editable") else None
