"""Inlines the references of a JSON Schema: Pipecat sends ``properties`` and ``required``, not ``$defs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from agentrun.tools.arguments.argument_check import SignatureError

_DROPPED = ("$defs", "definitions", "$schema", "$id", "title", "discriminator")
"""Keys to drop: definitions, which are inlined, and what means nothing to a model."""
_NAMES_TO_SCHEMAS = ("properties", "patternProperties")
_VALUES = ("default", "const", "enum", "examples")
_LISTS_OF_SCHEMAS = ("anyOf", "oneOf", "allOf")


MOST_NODES = 2_000
"""Objects and lists of a schema with its references in place: references that double grow without end."""
MOST_DEPTH = 32


def flatten(schema: Mapping[str, Any], *, may_hold_itself: bool = False) -> dict[str, Any]:
    """Replace references by what they refer to, and give every array an ``items``.

    A reference is a JSON pointer into ``schema`` (RFC 6901): ``#/$defs/Size``, ``#/definitions/Size``, or
    ``#/properties/size``, as servers in TypeScript write it. OpenAI and Gemini refuse a list without
    ``items``, and one whose places differ.

    Raises SignatureError for a reference that leads nowhere, when a definition holds itself – with
    ``may_hold_itself`` the inner one is left open instead – or when the result has more than ``MOST_NODES``
    objects and lists, or is deeper than ``MOST_DEPTH``.

    >>> flatten({"$defs": {"Size": {"enum": ["S", "L"]}}, "properties": {"size": {"$ref": "#/$defs/Size"}}})
    {'properties': {'size': {'enum': ['S', 'L']}}}
    """
    return _Flattening(schema, may_hold_itself=may_hold_itself).resolve(schema, (), 0)


class _Flattening:
    """One schema on its way; counts what it has become."""

    def __init__(self, whole: Mapping[str, Any], *, may_hold_itself: bool) -> None:
        self._whole = whole
        self._may_hold_itself = may_hold_itself
        self._nodes = 0

    def resolve(self, schema: Mapping[str, Any], inside: tuple[str, ...], depth: int) -> dict[str, Any]:
        self._count(depth)
        flat: dict[str, Any] = {}
        if "$ref" in schema:
            flat = self._referred(schema["$ref"], inside, depth)
        for key, value in schema.items():
            if key in _VALUES:
                flat[key] = value
            elif key in _NAMES_TO_SCHEMAS and isinstance(value, Mapping):
                flat[key] = {name: self._schema(inner, inside, depth) for name, inner in value.items()}
            elif key in ("items", *_LISTS_OF_SCHEMAS):
                flat[key] = self._schema(value, inside, depth)
            elif key != "$ref" and key not in _DROPPED:
                flat[key] = self._inner(value, inside, depth)
        return _with_items(flat)

    def _referred(self, reference: Any, inside: tuple[str, ...], depth: int) -> dict[str, Any]:
        target = _at(self._whole, reference)
        if reference not in inside:
            return self.resolve(target, (*inside, reference), depth + 1)
        if self._may_hold_itself:
            return {"type": target["type"]} if target.get("type") == "object" else {}
        name = reference.rpartition("/")[2]
        hint = "give it a type that ends, such as a list of plain objects"
        raise SignatureError(f"has the type {name}, which contains itself", hint)

    def _schema(self, value: Any, inside: tuple[str, ...], depth: int) -> Any:
        """As ``_inner``; a schema may be ``true``, which takes everything."""
        if isinstance(value, list):
            self._count(depth)
            return [self._schema(item, inside, depth + 1) for item in value]
        return {} if value is True else self._inner(value, inside, depth)

    def _inner(self, value: Any, inside: tuple[str, ...], depth: int) -> Any:
        if isinstance(value, Mapping):
            return self.resolve(value, inside, depth + 1)
        if isinstance(value, list):
            self._count(depth)
            return [self._inner(item, inside, depth + 1) for item in value]
        return value

    def _count(self, depth: int) -> None:
        self._nodes += 1
        if depth > MOST_DEPTH or self._nodes > MOST_NODES:
            hint = "give the tool fewer and flatter parameters"
            what = (
                f"deeper than {MOST_DEPTH} levels" if depth > MOST_DEPTH else f"more than {MOST_NODES} parts"
            )
            raise SignatureError(f"has a schema of {what}", hint)


def _at(whole: Mapping[str, Any], reference: Any) -> Mapping[str, Any]:
    """What ``reference`` points to in ``whole``."""
    place: Any = whole if isinstance(reference, str) and reference.startswith("#") else None
    for part in str(reference).split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(place, Mapping):
            place = place.get(key)
        elif isinstance(place, Sequence) and not isinstance(place, str) and key.isdecimal():
            place = place[int(key)] if int(key) < len(place) else None
        else:
            place = None
    if not isinstance(place, Mapping):
        hint = "refer to a part of the same schema, such as #/$defs/Size"
        raise SignatureError(f"has the reference {str(reference)[:80]}, which leads nowhere", hint)
    return place


def _with_items(flat: dict[str, Any]) -> dict[str, Any]:
    """``flat``, and where it is a list one schema for all that it holds."""
    kind, held = flat.get("type"), flat.get("items")
    if "array" not in (kind if isinstance(kind, list) else [kind]) or isinstance(held, Mapping):
        return flat
    places = flat.pop("prefixItems", None)
    if isinstance(held, list):
        places = held
    kinds: list[Any] = []
    for one in places if isinstance(places, list) else ():
        kinds += [one] if one not in kinds else []
    flat["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    return flat
