"""File names in a spec, which must stay inside the project."""

from __future__ import annotations

from pathlib import Path


def find_project(path: Path) -> Path:
    """The folder that holds ``plugins/``: the spec's own, else the one above it, else the spec's own."""
    folder = path.absolute().parent
    for candidate in (folder, folder.parent):
        if (candidate / "plugins").is_dir():
            return candidate
    return folder


def inside(folder: Path, name: str, project: Path) -> Path | None:
    """``name`` in ``folder``, or None when it leads out of the project; links are followed."""
    try:
        target = (folder.absolute() / name).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return target if target.is_relative_to(project.resolve()) else None
