"""Parts of a record that another version of agentrun wrote in a different format.

A server that takes such a call over works with what it could read. What it did not change is stored as it was
found, so that nothing is lost to the version that wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

OtherShapes = Mapping[str, tuple[Any, Any]]
"""By the name of a part: as it was written, and as it was read."""


def found(written: Mapping[str, Any], read: Mapping[str, Any], without: Collection[str]) -> OtherShapes:
    """The parts that are in both, and that were not read as they were written; none of ``without``.

    >>> found({"usage": {"a": 1}, "cost": "3 EUR"}, {"usage": {"a": 1}, "cost": {}}, ())
    {'cost': ('3 EUR', {})}
    """
    names = written.keys() & read.keys() - set(without)
    # what was read is changed while the call goes on
    unlike = [name for name in sorted(names) if written[name] != read[name]]
    return {name: (deepcopy(written[name]), deepcopy(read[name])) for name in unlike}


def restored(row: dict[str, Any], shapes: OtherShapes) -> dict[str, Any]:
    """``row``, a record as it is to be stored, with what was not changed in it as it was written.

    >>> restored({"cost": {}, "errors": ["a"]}, {"cost": ("3 EUR", {}), "errors": ("none", [])})
    {'cost': '3 EUR', 'errors': ['a']}
    """
    return {**row, **{name: _unchanged(row[name], *each) for name, each in shapes.items()}} if shapes else row


def _unchanged(now: Any, written: Any, read: Any) -> Any:
    """``now`` with what it has of ``read`` as it was ``written``; what is new in it stays.

    >>> _unchanged([1, 2, 3], [1, "two", 2], [1, 2])
    [1, 'two', 2, 3]
    >>> _unchanged({"a": 1, "b": 5}, {"a": 1, "b": {}}, {"a": 1})
    {'a': 1, 'b': 5}
    """
    if now == read:
        return written
    if type(now) is type(written) is type(read) is dict:
        kept = {name: each for name, each in written.items() if name not in now}
        both = {
            name: _unchanged(each, written[name], read[name]) if name in written and name in read else each
            for name, each in now.items()
        }
        return {**both, **kept}
    if type(now) is type(written) is type(read) is list:
        return _unchanged_items(now, written, read)
    return now


def _unchanged_items(now: list[Any], written: list[Any], read: list[Any]) -> list[Any]:
    """Items are added at the end; one that was not read, such as a text among objects, has no place here."""
    added = now[len(read) :]
    if now[: len(read)] == read:
        return [*written, *added]
    if len(written) != len(read):
        return now
    return [*map(_unchanged, now, written, read), *added]
