"""Pipecat's classes, parsed from its source without importing them."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import griffe

_RELATIVE = re.compile(r"^from \.(\w*) import", re.MULTILINE)
logging.getLogger("griffe").setLevel(logging.CRITICAL)


@cache
def module(name: str) -> griffe.Module | None:
    """A module of Pipecat, parsed; None for what is none."""
    place = importlib.util.find_spec("pipecat")
    if place is None or place.origin is None or name.partition(".")[0] != "pipecat":
        return None
    base = Path(place.origin).parents[1] / Path(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            # griffe knows no package here to resolve a relative import against
            code = _RELATIVE.sub(rf"from {package}.\1 import", path.read_text(encoding="utf-8"))
            code = code.replace(f"from {package}. import", f"from {package} import")
            lines = griffe.LinesCollection()
            lines[path] = code.splitlines()
            return griffe.visit(
                name, filepath=path, code=code, docstring_parser="google", lines_collection=lines
            )
    return None


def find(path: str) -> griffe.Object | None:
    """What stands at a dotted path, following imports: ``pipecat.services.settings.STTSettings``."""
    owner, _, name = path.rpartition(".")
    if not owner:
        return None
    home = module(owner) or find(owner)
    if not isinstance(home, griffe.Module | griffe.Class) or name not in home.members:
        return module(path)
    member = home.members[name]
    return find(member.target_path) if isinstance(member, griffe.Alias) else member


def lookup(name: str, scope: griffe.Object) -> griffe.Object | None:
    """What ``name`` means in ``scope``, with a dotted rest such as ``Service.Settings``."""
    first, _, rest = name.partition(".")
    try:
        target = find(scope.resolve(first))
    except griffe.NameResolutionError:
        return None
    for part in rest.split(".") if rest else ():
        inside = member(target, part) if isinstance(target, griffe.Class) else None
        target = find(f"{target.path}.{part}") if isinstance(target, griffe.Module) else inside
    return target


def lineage(cls: griffe.Class) -> Iterator[griffe.Class]:
    """A class, then its parents in Pipecat, nearest first."""
    seen: list[str] = []
    waiting = [cls]
    while waiting:
        here = waiting.pop(0)
        if here.path in seen:
            continue
        seen.append(here.path)
        yield here
        parents = [lookup(str(base).partition("[")[0], here.parent or here) for base in here.bases]
        waiting = [p for p in parents if isinstance(p, griffe.Class)] + waiting


def member(cls: griffe.Class, name: str) -> griffe.Object | None:
    """A member of a class or of its parents; ``Settings = Other`` gives the other."""
    for owner in lineage(cls):
        entry = owner.members.get(name)
        if isinstance(entry, griffe.Alias):
            return find(entry.target_path)
        if isinstance(entry, griffe.Attribute) and entry.value is not None:
            return lookup(str(entry.value), owner)
        if entry is not None:
            return entry
    return None
