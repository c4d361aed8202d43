"""Checks specs and keys before Pipecat and the models are loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from agentrun.server.lifecycle.specs.files import load
from agentrun.spec.loading.spec_file import SpecFile


def examine(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    *,
    style: str | None = None,
    overrides: tuple[tuple[str, str], ...] = (),
    keys: bool = True,
) -> list[str]:
    """The names of the agents at ``paths``; plugins are not imported.

    Raises SpecError for mistakes, and SetupError when a key is missing that a call needs, where those are
    asked for by ``keys``.
    """
    files = load(paths, overrides, style)
    for file in files if keys else ():
        planning.make(_without_tools(file), (), environ, import_plugins=False).require_keys()
    return [file.spec.name for file in files]


def require_store(url: str) -> None:
    """Raise SetupError where ``url`` is not an address of a store of records, or its file can't be made."""
    name = url.removeprefix("sqlite:///").partition("?")[0]
    if "://" not in url:
        hint = "write sqlite:///calls.sqlite3, postgresql+psycopg://…, or none to keep no records"
        shown = f"'{url}'" if "@" not in url else "what stands there"
        raise SetupError(f"--records: {shown} is not an address of a store", hint)
    if not url.startswith("sqlite:///") or name in ("", ":memory:") or name.startswith("file:"):
        return
    # a link to a file that is still to be made leads to where it is made
    path = Path(os.path.realpath(name))
    folder = path.parent
    if not folder.is_dir():
        raise SetupError(f"records can't be kept at {url}: there is no folder {folder}", f"mkdir -p {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        words = f"records can't be kept at {url}: {path if path.exists() else folder} can't be written"
        raise SetupError(words, "name a file that may be written with --records, or --records none")


def _without_tools(file: SpecFile) -> SpecFile:
    """``file`` without what may name tools that aren't loaded yet."""
    return replace(file, spec=file.spec.model_copy(update={"tests": (), "flow": None, "handoff": ()}))
