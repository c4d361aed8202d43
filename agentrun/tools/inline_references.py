"""A JSON Schema without references: Pipecat sends ``properties`` and ``required``, and no ``$defs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.tools.argument_check import SignatureError

_DROPPED = ("$defs", "title", "discriminator")
"""Definitions, which are put in their places, and what says nothing to a model."""
_NAMES_TO_SCHEMAS = ("properties", "patternProperties")
_VALUES = ("default", "const", "enum", "examples")


def flatten(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Put every definition in the place of its references; raises SignatureError when one holds itself.

    >>> flatten({"$defs": {"Size": {"enum": ["S", "L"]}}, "properties": {"size": {"$ref": "#/$defs/Size"}}})
    {'properties': {'size': {'enum': ['S', 'L']}}}
    """
    return _resolve(schema, schema.get("$defs", {}), ())


def _resolve(schema: Mapping[str, Any], named: Mapping[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name in inside:
            hint = "give it a type that ends, such as a list of plain objects"
            raise SignatureError(f"has the type {name}, which contains itself", hint)
        flat = _resolve(named[name], named, (*inside, name))
    for key, value in schema.items():
        if key in _VALUES:
            flat[key] = value
        elif key in _NAMES_TO_SCHEMAS:
            flat[key] = {name: _inner(inner, named, inside) for name, inner in value.items()}
        elif key != "$ref" and key not in _DROPPED:
            flat[key] = _inner(value, named, inside)
    return flat


def _inner(value: Any, named: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        return _resolve(value, named, inside)
    if isinstance(value, list):
        return [_inner(item, named, inside) for item in value]
    return value
