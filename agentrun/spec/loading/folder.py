"""The specs that a path stands for: one file, or those of a folder."""

from __future__ import annotations

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

    def is_ours(path: Path) -> bool:
        parts = path.relative_to(folder).parts
        left_out = any(part.startswith(".") or part in _NOT_OURS for part in parts)
        return path.is_file() and not left_out and ".tests." not in path.name

    return sorted(filter(is_ours, [*folder.rglob("*.yaml"), *folder.rglob("*.yml")]))


def tests_alone(folder: Path) -> list[Path]:
    """Files of tests in ``folder`` and below it that have no spec beside them, by name; none for a file."""
    if not _is_folder(folder):
        return []
    found = [path for path in sorted(folder.rglob(f"*{SUFFIX}")) if path.is_file()]
    return [
        path
        for path in found
        if not any(path.with_name(path.name.removesuffix(SUFFIX) + end).exists() for end in (".yaml", ".yml"))
        and not any(part.startswith(".") or part in _NOT_OURS for part in path.relative_to(folder).parts)
    ]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long is no folder's
        return False
