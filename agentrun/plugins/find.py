"""Where plugins come from: the project's ``plugins`` folder, and installed packages."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

GROUP = "agentrun"
"""The group of entry points in which an installed package names its plugin."""
FOLDER = "plugins"
_TESTS = re.compile(r"test_.*|(tests|conftest)(\.py)?")


@dataclass(frozen=True)
class Source:
    """A plugin that was found and not imported yet."""

    name: str
    place: Path | EntryPoint

    @property
    def where(self) -> str:
        """Its file, or the installed package that brings it."""
        if isinstance(self.place, EntryPoint):
            brought_by = self.place.dist.name if self.place.dist else self.place.value
            return f"installed package {brought_by}"
        return str(self.place)


def find(project: Path) -> Mapping[str, list[Source]]:
    """Every plugin by name; two sources under one name are both there, for the error that names both.

    Files and packages of ``<project>/plugins``, but for tests and for names that begin with ``_`` or ``.``;
    then the entry points of installed packages. Nothing is imported.
    """
    sources: dict[str, list[Source]] = {}
    for path in sorted((project / FOLDER).glob("[!_.]*")):
        if _TESTS.fullmatch(path.name):
            continue
        if path.suffix == ".py" and path.is_file():
            sources.setdefault(path.stem, []).append(Source(path.stem, path))
        elif (path / "__init__.py").is_file():
            sources.setdefault(path.name, []).append(Source(path.name, path / "__init__.py"))
    for entry in _installed(tuple(sys.path)):
        sources.setdefault(entry.name, []).append(Source(entry.name, entry))
    return sources


@cache
def _installed(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The entry points, read once: packages don't come and go under a process."""
    return tuple(entry_points(group=GROUP))
