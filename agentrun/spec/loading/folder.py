"""The specs at a path: one file, or those in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentrun.errors import SetupError
from agentrun.spec.loading.tests_file import SUFFIX

_NOT_OURS = ("node_modules", "__pycache__")


def specs_at(path: Path) -> list[Path]:
    """``path`` itself, whether or not it is there, or the specs of a folder; SetupError where it has none."""
    if not _is_folder(path):
        return [path]
    if found := specs(path):
        return found
    raise SetupError(f"there is no spec in {path}", "name a folder that holds .yaml files")


def specs(folder: Path) -> list[Path]:
    """Every YAML file below ``folder`` by name, without what is hidden and without ``x.tests.yaml``."""
    found = [*_ours(folder, "*.yaml"), *_ours(folder, "*.yml")]
    return sorted(path for path in found if ".tests." not in path.name)


def tests_alone(folder: Path) -> list[Path]:
    """Files of tests in ``folder`` and below it that have no spec beside them, by name; none for a file."""
    if not _is_folder(folder):
        return []
    return sorted(
        path
        for path in _ours(folder, f"*{SUFFIX}")
        if not any(path.with_name(path.name.removesuffix(SUFFIX) + end).exists() for end in (".yaml", ".yml"))
    )


def _ours(folder: Path, pattern: str) -> Iterator[Path]:
    """Files below ``folder``, without what is hidden."""
    for path in folder.rglob(pattern):
        parts = path.relative_to(folder).parts
        if not any(part.startswith(".") or part in _NOT_OURS for part in parts) and path.is_file():
            yield path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long is no folder's
        return False
