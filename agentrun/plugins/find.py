"""Finds plugins in the project's ``plugins`` folder and in installed packages."""

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
    """A plugin that was found, but not imported yet."""

    name: str
    place: Path | EntryPoint

    @property
    def where(self) -> str:
        """Its file, or the installed package that contains it."""
        if isinstance(self.place, EntryPoint):
            brought_by = self.place.dist.name if self.place.dist else self.place.value
            return f"installed package {brought_by}"
        return str(self.place)


def find(project: Path) -> Mapping[str, list[Source]]:
    """All plugins by name; if two have the same name, both are listed, so that an error can name both.

    Files and packages of ``<project>/plugins``, but for tests and for names that begin with ``_`` or ``.``;
    then the entry points of installed packages. Nothing is imported.
    """
    sources: dict[str, list[Source]] = {}
    for path in sorted((project / FOLDER).glob("[!_.]*")):
        if is_for_tests(path.name):
            continue
        if path.suffix == ".py" and path.is_file():
            sources.setdefault(path.stem, []).append(Source(path.stem, path))
        elif (path / "__init__.py").is_file():
            sources.setdefault(path.name, []).append(Source(path.name, path / "__init__.py"))
    for entry in _installed(tuple(sys.path)):
        sources.setdefault(entry.name, []).append(Source(entry.name, entry))
    return sources


def is_for_tests(name: str) -> bool:
    """Whether a file, a folder or a plugin of this name is passed over: pytest takes it.

    >>> is_for_tests("test_orders.py"), is_for_tests("conftest"), is_for_tests("orders")
    (True, True, False)
    """
    return bool(_TESTS.fullmatch(name))


def why_passed_over(folder: Path, name: str) -> tuple[str, str] | None:
    """What is at ``name`` in the ``folder`` of plugins and is none, and what to do; None for nothing."""
    place = next((one for one in (folder / f"{name}.py", folder / name) if one.exists()), None)
    if place is None:
        return None
    if name.startswith(("_", ".")) or is_for_tests(name):
        names = "names that begin with _ or test_, tests and conftest are not plugins"
        return f"{place} is ignored: {names}", "rename it"
    if place.is_dir():
        return f"{place} is ignored: it has no __init__.py", f"add one, or write {place}.py"
    return f"{place} is not a file", "write a module, or a package with an __init__.py"


@cache
def _installed(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The entry points, read once: packages don't come and go under a process."""
    return tuple(entry_points(group=GROUP))
