"""Generates data that follows a JSON Schema, for structured answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 20
"""Levels of objects and lists; what is below them is null."""
_NOTHING: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "array": []}


def data_for(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """An object that follows ``schema``: of each property the one of ``values``, else null where it may be.

    Where null is not allowed there is the least that is: nothing, zero, the first that may be chosen.

    >>> data_for({"properties": {"age": {"type": "integer"}, "name": {"type": ["string", "null"]}}}, {})
    {'age': 0, 'name': None}
    >>> data_for({"properties": {"age": {"type": "integer"}}}, {"age": 80})
    {'age': 80}
    """
    parts = _resolve(schema, schema).get("properties") or {}
    return {
        name: values[name] if name in values else _least(part, schema, ()) for name, part in parts.items()
    }


def _least(part: Any, root: Mapping[str, Any], outer: tuple[object, ...]) -> Any:
    """The least that ``part`` allows; ``outer`` are the references that it stands in, one a level, or None.

    What stands in itself is null there, for it would have no end.
    """
    reference = part.get("$ref") if isinstance(part, Mapping) else None
    if reference is not None and reference in outer:
        return None
    outer = (*outer, reference)
    part = _resolve(part, root)
    if "const" in part or "enum" in part:
        allowed = part.get("enum") or [part.get("const")]
        return None if None in allowed else allowed[0]
    if options := part.get("anyOf") or part.get("oneOf"):
        found = [_least(each, root, outer) for each in options]
        return None if None in found else found[0]
    kinds = part.get("type", "null" if "properties" not in part else "object")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "null" in kinds or not kinds or len(outer) > _DEEPEST:
        return None
    return _of_kind(kinds[0], part, root, outer)


def _of_kind(kind: str, part: Mapping[str, Any], root: Mapping[str, Any], outer: tuple[object, ...]) -> Any:
    if kind == "object":
        parts = part.get("properties") or {}
        return {name: _least(each, root, outer) for name, each in parts.items()}
    if kind == "array":
        return [_least(part.get("items") or {}, root, outer)] * min(int(part.get("minItems", 0)), 10)
    if kind in ("integer", "number"):
        least = part.get("minimum", min(0, part.get("maximum", 0)))
        return int(least) if kind == "integer" else float(least)
    return _NOTHING.get(kind)


def _resolve(part: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """``part``, or what its ``$ref`` names within ``root``; nothing where that is not there."""
    for _ in range(_DEEPEST):
        if not isinstance(part, Mapping):
            return {}
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return part
        found: Any = root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step) if isinstance(found, Mapping) else None
        part = found
    return {}
