"""The top-level folders and files of a project that the Dockerfile copies."""

from __future__ import annotations

from agentrun.deploy.project import Project
from agentrun.errors import SetupError

_PATTERNS = "*?[\\"
"""Marks of patterns, which engines escape each in their own way."""


def top(project: Project) -> tuple[list[str], list[str]]:
    """The folders and the files at the top of ``project``.

    Raises SetupError for one with a mark that makes a pattern of it.

    >>> from pathlib import Path
    >>> top(Project(Path(), dict.fromkeys(["agents/desk.yaml", "plugins/hours.py", "desk.yaml"], b""), ()))
    (['agents', 'plugins'], ['desk.yaml'])
    """
    for one in project.top:
        if marks := sorted({*one} & {*_PATTERNS}):
            words = f"a Dockerfile can't name '{one}', for it takes {' '.join(marks)} for a pattern"
            raise SetupError(words, "rename it in the project")
    loose = [one for one in project.top if one in project.files]
    return [one for one in project.top if one not in loose], loose
