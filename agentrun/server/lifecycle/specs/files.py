"""Loads specs from files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agentrun import spec
from agentrun.errors import Problem, SpecError
from agentrun.spec.loading import folder
from agentrun.spec.loading.spec_file import SpecFile


def load(
    paths: Sequence[Path], overrides: Sequence[tuple[str, str]] = (), style: str | None = None
) -> list[SpecFile]:
    """All specs, or every problem of all of them; two agents with one name are a problem.

    Raises SpecError, and SetupError for a folder without specs.
    """
    files: list[SpecFile] = []
    problems: list[Problem] = []
    for path in (spec_path for entry in paths for spec_path in folder.specs_at(entry)):
        try:
            files.append(spec.load(path, overrides, style))
        except SpecError as error:
            problems.extend(error.problems)
    seen: dict[str, SpecFile] = {}
    for file in files:
        first = seen.setdefault(file.spec.name, file)
        if first is not file:
            message = f"'{file.spec.name}' is also the name of {first.path}"
            problems.append(file.problem(("name",), message, "give each agent a name of its own"))
    if problems:
        raise SpecError(problems)
    return files
