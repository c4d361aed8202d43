"""The specs of a folder."""

from __future__ import annotations

from pathlib import Path

_NOT_OURS = ("node_modules", "__pycache__")


def specs(folder: Path) -> list[Path]:
    """Every YAML file below ``folder`` by name, without what is hidden and without ``x.tests.yaml``."""

    def is_ours(path: Path) -> bool:
        parts = path.relative_to(folder).parts
        left_out = any(part.startswith(".") or part in _NOT_OURS for part in parts)
        return path.is_file() and not left_out and ".tests." not in path.name

    return sorted(filter(is_ours, [*folder.rglob("*.yaml"), *folder.rglob("*.yml")]))
