"""What of a project a Dockerfile copies: the folders and files at its top, as `COPY` takes their names."""

from __future__ import annotations

from collections.abc import Iterable

from agentrun.errors import SetupError

_PATTERNS = "*?[\\"
"""Marks of patterns, which engines escape each in their own way."""


def top(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The folders and the files at the top of a project whose files have these ``names``.

    Raises SetupError for one with a mark that makes a pattern of it.

    >>> top(["agents/desk.yaml", "plugins/hours.py", "desk.yaml"])
    (['agents', 'plugins'], ['desk.yaml'])
    """
    folders, loose = set[str](), set[str]()
    for name in names:
        first, below, _ = name.partition("/")
        (folders if below else loose).add(first)
    for one in sorted(folders | loose):
        if marks := sorted({*one} & {*_PATTERNS}):
            words = f"a Dockerfile can't name '{one}', for it takes {' '.join(marks)} for a pattern"
            raise SetupError(words, "rename it in the project")
    return sorted(folders), sorted(loose)
