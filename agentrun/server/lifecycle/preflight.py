"""What is looked at before Pipecat and the models are loaded: mistakes of specs, and missing keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agentrun.plan import plan as planning
from agentrun.server.lifecycle.spec_files import load
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


def _without_tools(file: SpecFile) -> SpecFile:
    """``file`` without what may name tools that aren't loaded yet."""
    return replace(file, spec=file.spec.model_copy(update={"tests": (), "flow": None, "handoff": ()}))
