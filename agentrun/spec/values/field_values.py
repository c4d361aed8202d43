"""The schema and the values of the fields that a model reads from a conversation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agentrun.spec.models.tools.extracted_fields import ExtractedField

MOST_CHARACTERS = 1_000
"""Of one text that was read."""
MOST_ITEMS = 50
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def strict_schema(fields: Mapping[str, ExtractedField]) -> dict[str, Any]:
    """A JSON Schema of an object with ``fields``, each of which may be null, as OpenAI's strict mode wants.

    >>> strict_schema({"age": ExtractedField(type="integer")})["properties"]
    {'age': {'type': ['integer', 'null']}}
    """
    return {
        "type": "object",
        "properties": {name: _schema(one) for name, one in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def read(fields: Mapping[str, ExtractedField], text: str) -> tuple[dict[str, Any], list[str]]:
    """The values in a model's answer, and what is wrong with those that don't fit.

    A null, and a field that is not there, is no value. What stands around the JSON is passed over.

    >>> read({"age": ExtractedField(type="integer")}, '{"age": "eighty"}')
    ({}, ["'age' is 'eighty', and not of type integer"])
    """
    try:
        data = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, RecursionError):
        return {}, ["the model's answer is not JSON"]
    values, troubles = {}, []
    for name, one in fields.items():
        value = data.get(name)
        if value is None:
            continue
        try:
            values[name] = _read(one, value)
        except ValueError as error:
            troubles.append(f"'{name}' is {str(value)[:80]!r}, and {error}")
    return values, troubles


def _schema(one: ExtractedField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [one.type, "null"]}
    if one.description:
        schema["description"] = one.description
    if one.enum:
        schema["enum"] = [*one.enum, None]
    if one.type == "array":
        schema["items"] = {"type": one.items or "string"}
    limits = {"minimum": one.minimum, "maximum": one.maximum}
    return schema | {key: value for key, value in limits.items() if value is not None}


def _read(one: ExtractedField, given: Any) -> Any:
    """``given`` as its type; raises ValueError."""
    if one.type == "array":
        if not isinstance(given, list):
            raise ValueError("not of type array")
        return [_typed(one.items or "string", each) for each in given[:MOST_ITEMS]]
    value = _typed(one.type, given)
    if one.enum:
        same = [word for word in one.enum if word.lower() == str(value).strip().lower()]
        if not same:
            raise ValueError(f"not one of {', '.join(one.enum)}")
        return same[0]
    if (one.minimum is not None and value < one.minimum) or (one.maximum is not None and value > one.maximum):
        raise ValueError(f"not from {_bound(one.minimum)} to {_bound(one.maximum)}")
    return value


def _typed(kind: str, given: Any) -> Any:
    """``given`` as ``kind``; a number in quotes is one."""
    if kind == "string":
        if isinstance(given, dict | list):
            raise ValueError("not of type string")
        return str(given)[:MOST_CHARACTERS]
    if kind == "boolean":
        flag = given if isinstance(given, bool) else _WORDS.get(str(given).strip().lower())
        if flag is None:
            raise ValueError("not of type boolean")
        return flag
    number = as_number(given)
    if number is None or (kind == "integer" and number != int(number)):
        raise ValueError(f"not of type {kind}")
    return int(number) if kind == "integer" else number


def as_number(given: Any) -> int | float | None:
    """``given`` as a number, also where it is written as a text; None for what is none.

    >>> as_number("12"), as_number(True), as_number("a dozen")
    (12, None, None)
    """
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or abs(number) > 2**53:
        return None
    return int(number) if number == int(number) else number


def _bound(limit: float | None) -> str:
    return "anything" if limit is None else f"{limit:g}"
