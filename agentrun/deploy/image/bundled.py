"""Shared libraries that wheels bundle in folders such as ``pillow.libs``, and which modules need them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

FOLDERS = ".libs"
"""What the names of such folders end with."""


def only_for(packages: Path, modules: Collection[Path]) -> list[Path]:
    """The bundled libraries that ``modules`` need, and nothing else in ``packages`` does.

    Libraries that nothing is seen to need, such as those that Python code opens by name, are not among them.
    """
    libraries = [one for folder in packages.glob(f"*{FOLDERS}") for one in folder.iterdir() if one.is_file()]
    if not modules or not libraries:
        return []
    others = [
        one
        for one in packages.rglob("*.so*")
        if one not in modules and not one.parent.name.endswith(FOLDERS) and one.is_file()
    ]
    wanted = _needed_by(modules, libraries)
    return sorted(wanted - _needed_by(others, wanted))


def _needed_by(files: Iterable[Path], libraries: Collection[Path]) -> set[Path]:
    """Those of ``libraries`` that ``files`` name, and those that these name."""
    found: set[Path] = set()
    for file in files:
        reached = [file]
        while reached:
            text = reached.pop().read_bytes()
            # a name of a library stands between zeros in the table of what it is linked with
            named = {one for one in libraries if b"\0%b\0" % one.name.encode() in text} - found
            found |= named
            reached += named
    return found
