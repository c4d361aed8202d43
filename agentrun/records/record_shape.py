"""Converts stored records to the format that their readers expect.

Rows may have been written by an earlier agentrun or a later one, or changed by hand. What a later one has
added stays as it is; what is missing, or is not what stands there, is as in a new record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from agentrun.records.entries import (
    Dropped,
    Entry,
    Failover,
    KeyPress,
    ListenerEntry,
    Part,
    Turn,
    own_fields,
)
from agentrun.records.storable import kept

Row = Mapping[str, Any]
EPOCH = "1970-01-01T00:00:00+00:00"
"""Stands for a beginning that is no time."""
LISTS: dict[str, type[Part]] = {
    "transcript": Entry,
    "turns": Turn,
    "failovers": Failover,
    "takeovers": Failover,
    "dropped": Dropped,
    "keypad": KeyPress,
    "listening": ListenerEntry,
}
"""The parts of a record that are lists, and what stands in each."""
_TIMES = ("started", "answered", "ended")
Default = Callable[[], Any]
_Kind = tuple[tuple[type, ...], Default]
"""The types of a value, and what stands there instead of any other. True is no number."""
_NUMBER, _TEXT, _MAPPING = (int, float), (str,), (dict,)
_NOTHING = type(None)


def _nothing() -> None:
    """What stands where nothing is known."""


_PARTS: dict[str, _Kind] = {
    **dict.fromkeys(("agent", "id", "transport", "reason", "direction", "outcome"), (_TEXT, str)),
    **dict.fromkeys(("answered_by", "spec_hash", "machine", "recording"), (_TEXT, str)),
    **dict.fromkeys(("from_number", "to_number", "ended_by"), ((str, _NOTHING), _nothing)),
    **dict.fromkeys(("answered", "ended"), ((str, _NOTHING), _nothing)),
    **dict.fromkeys(("first_audio_ms", "recording_deleted"), ((int, float, _NOTHING), _nothing)),
    **dict.fromkeys(("variables", "spec", "usage", "cost", "versions", "analysis"), (_MAPPING, dict)),
    **dict.fromkeys(("errors", *LISTS), ((list,), list)),
    "started": (_TEXT, lambda: EPOCH),
    "seconds": (_NUMBER, float),
    "offline": ((bool,), bool),
}
_KINDS: dict[str, _Kind] = {
    "float": (_NUMBER, float),
    "float | None": ((int, float, _NOTHING), _nothing),
    "bool": ((bool,), bool),
    "Mapping[str, Any]": (_MAPPING, dict),
    "Mapping[str, float]": (_MAPPING, dict),
}
"""By the types of the fields of a list's parts; every other one is a text."""
_FIELDS = {
    name: {each.name: _KINDS.get(str(each.type), (_TEXT, str)) for each in own_fields(part)}
    for name, part in LISTS.items()
}


def shaped(row: Row) -> dict[str, Any]:
    """The parts of a record that ``row`` has, each as its readers know it.

    The values are of JSON, and such as ``storable`` gives.

    >>> shaped({"seconds": "ten", "turns": [{"total_ms": None}], "later": 1})
    {'seconds': 0.0, 'turns': [], 'later': 1}
    """
    return {name: _part(name, value) if name in _PARTS else value for name, value in row.items()}


def whole(row: Row) -> dict[str, Any]:
    """As ``shaped``, with every part of a record; failovers of older rows have their name of today too.

    >>> whole({"takeovers": []})["failovers"]
    []
    """
    parts = shaped(row)
    if "takeovers" in parts:
        parts.setdefault("failovers", parts["takeovers"])
    return {**parts, **{name: default() for name, (_, default) in _PARTS.items() if name not in parts}}


def stored(record: Any, key: Mapping[Any, Any]) -> dict[str, Any]:
    """The whole record of a row, of which the columns in ``key`` say whose it is, and when it was up."""
    return whole(written(record, key))


def written(record: Any, key: Mapping[Any, Any]) -> dict[str, Any]:
    """The record of a row as it stands there, in whatever shape; ``key`` is as for ``stored``."""
    parts = kept(record)
    names = {name: key[name] for name in ("agent", "id", "started", "ended")}
    return {**(parts if type(parts) is dict else {}), **names}


def rewritten(record: Any, key: Mapping[Any, Any], parts: Row) -> dict[str, Any]:
    """The record of a row as it is to be stored once ``parts`` of it have changed: all others as they were.

    What stands there in another shape is not lost to whoever wrote it. ``key`` is as for ``stored``.
    """
    before = kept(record)
    return {**(before if type(before) is dict else stored(before, key)), **parts}


def is_time(value: str) -> bool:
    """Whether it is a moment of ISO 8601 with its zone.

    >>> is_time("2026-11-01T12:00:00+00:00"), is_time("2026-11-01T12:00:00"), is_time("yesterday")
    (True, False, False)
    """
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _part(name: str, value: Any) -> Any:
    types, default = _PARTS[name]
    if type(value) not in types or (name in _TIMES and value is not None and not is_time(value)):
        return default()
    if name in _FIELDS:
        parts = [_entry(name, each) for each in value if type(each) is dict]
        # an answer of which nobody knows how long it took is none
        return [each for each in parts if each["total_ms"] is not None] if name == "turns" else parts
    inside = _INSIDE.get(name)
    return inside(value) if inside else value


def _entry(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """A part of the list ``name`` with all that its readers ask it for."""
    wrong = _wrong(name, tuple(value), tuple(map(type, value.values())))
    found = {**value, **{field: default() for field, default in wrong}} if wrong else value
    if name != "turns":
        return found
    length = {"total_ms": None} if any(field == "total_ms" for field, _ in wrong) else {}
    return {**found, "stages": _numbers(found["stages"]), **length}


@lru_cache(512)
def _wrong(name: str, names: tuple[str, ...], types: tuple[type, ...]) -> tuple[tuple[str, Default], ...]:
    """What is missing or of another type in a part with these names and types, and what stands there instead.

    Parts come by the thousand, and of few kinds.
    """
    known = dict(zip(names, types, strict=True))
    kinds = _FIELDS[name].items()
    return tuple((field, default) for field, (fits, default) in kinds if known.get(field) not in fits)


def _numbers(values: Row) -> dict[str, Any]:
    return {name: value for name, value in values.items() if type(value) in _NUMBER}


def _texts(values: list[Any]) -> list[str]:
    return [each for each in values if type(each) is str]


def _usage(value: Row) -> dict[str, Any]:
    return {name: _numbers(used) for name, used in value.items() if type(used) is dict}


def _versions(value: Row) -> dict[str, str]:
    return {name: each for name, each in value.items() if type(each) is str}


def _cost(value: Row) -> dict[str, Any]:
    """What a call has cost, or nothing where nobody can say."""
    if type(value.get("total")) not in _NUMBER:
        return {}
    parts, unknown = value.get("parts"), value.get("unknown")
    known = {name: value[name] if type(value.get(name)) is str else "" for name in ("currency", "prices")}
    lists = {"unknown": _texts(unknown) if type(unknown) is list else []}
    return {**value, **known, **lists, "parts": _numbers(parts) if type(parts) is dict else {}}


def _analysis(value: Row) -> dict[str, Any]:
    """What an analysis has found out; one that does not say how far it has come has no state."""
    kinds: dict[str, tuple[type, ...]] = {
        **dict.fromkeys(("state", "summary", "reason"), _TEXT),
        "success": (bool, _NOTHING),
        "fields": _MAPPING,
    }
    known = {name: each for name, each in value.items() if type(each) in kinds.get(name, (type(each),))}
    return {"state": "", **known} if known else {}


_INSIDE: dict[str, Callable[[Any], Any]] = {
    "errors": _texts,
    "usage": _usage,
    "versions": _versions,
    "cost": _cost,
    "analysis": _analysis,
}
