"""A JSON Schema without references: Pipecat sends ``properties`` and ``required``, and no ``$defs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.tools.arguments.argument_check import SignatureError

_DROPPED = ("$defs", "title", "discriminator")
"""Definitions, which are put in their places, and what says nothing to a model."""
_NAMES_TO_SCHEMAS = ("properties", "patternProperties")
_VALUES = ("default", "const", "enum", "examples")


MOST_NODES = 2_000
"""Objects and lists of a schema with its references in place: references that double grow without end."""
MOST_DEPTH = 32


def flatten(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Put every definition in the place of its references.

    Raises SignatureError when one holds itself, or when the result has more than ``MOST_NODES`` objects and
    lists, or is deeper than ``MOST_DEPTH``.

    >>> flatten({"$defs": {"Size": {"enum": ["S", "L"]}}, "properties": {"size": {"$ref": "#/$defs/Size"}}})
    {'properties': {'size': {'enum': ['S', 'L']}}}
    """
    return _Flattening(schema.get("$defs", {})).resolve(schema, (), 0)


class _Flattening:
    """One schema on its way; counts what it has become."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._nodes = 0

    def resolve(self, schema: Mapping[str, Any], inside: tuple[str, ...], depth: int) -> dict[str, Any]:
        self._count(depth)
        flat: dict[str, Any] = {}
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in inside:
                hint = "give it a type that ends, such as a list of plain objects"
                raise SignatureError(f"has the type {name}, which contains itself", hint)
            flat = self.resolve(self._named[name], (*inside, name), depth + 1)
        for key, value in schema.items():
            if key in _VALUES:
                flat[key] = value
            elif key in _NAMES_TO_SCHEMAS:
                flat[key] = {name: self._inner(inner, inside, depth) for name, inner in value.items()}
            elif key != "$ref" and key not in _DROPPED:
                flat[key] = self._inner(value, inside, depth)
        return flat

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
