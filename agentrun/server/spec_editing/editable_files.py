"""The files of a spec that can be edited in the page: itself, its prompts, includes and bases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from agentrun.errors import AgentRunError
from agentrun.server.spec_editing import spec_text
from agentrun.server.spec_editing.spec_text import MOST_BYTES, SpecText
from agentrun.spec.checks import secret_values
from agentrun.spec.loading.spec_file import SpecFile

ROUTES = "/console/specs"
MOST_FILES = 20
"""Files beside the spec."""
MOST_EDIT_BYTES = 2 * (1 + MOST_FILES) * MOST_BYTES
"""What a request with the texts of all files may have: twice their size, for JSON writes more."""


def paths(file: SpecFile) -> Mapping[str, Path]:
    """The files of ``file`` by their names as seen from its folder, the spec itself first.

    Only what the spec was read from within its project is there: no name that a page sends becomes a path.
    """
    folder = file.path.resolve().parent
    project = file.project.resolve()
    inside = {path.resolve() for path in file.sources if path.resolve().is_relative_to(project)}
    others = sorted(os.path.relpath(path, folder) for path in inside - {file.path.resolve()})
    return {file.path.name: file.path, **{name: folder / name for name in others[:MOST_FILES]}}


def read_others(file: SpecFile) -> Mapping[str, SpecText]:
    """The files beside the spec that can be edited: text of at most 48 KiB in which no key stands."""
    found: dict[str, SpecText] = {}
    for name, path in list(paths(file).items())[1:]:
        try:
            text = spec_text.read(path)
        except (AgentRunError, OSError):
            continue
        if not secret_values.mask(text.text, str(path))[1]:
            found[name] = text
    return found
