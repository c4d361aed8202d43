"""The specs that a path stands for: one file, or those of a folder."""

from __future__ import annotations

from pathlib import Path

from agentrun.errors import SetupError

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


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long is no folder's
        return False
