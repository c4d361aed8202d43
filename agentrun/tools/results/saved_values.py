"""The values that ``save:`` takes from a result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentrun.records.storable import storable

MOST_CHARACTERS = 16_000
"""Of one value as JSON; what is longer is no variable but a document, and every prompt would carry it."""


def read(paths: Mapping[str, str], data: Any) -> tuple[dict[str, Any], list[str]]:
    """The value of each path in ``data``, and what is wrong with those that have none.

    A text that is JSON is read as such. A path that leads to nothing, and a value that is too long, are None:
    a value of an earlier result would be taken for this one's.

    >>> read({"plan": "customer.plan"}, {"customer": {"plan": "gold"}})
    ({'plan': 'gold'}, [])
    >>> read({"plan": "customer.plan"}, {"customer": {}})
    ({'plan': None}, ["'plan' has no value: 'customer.plan' is not in the result"])
    """
    import jmespath  # only for a tool that saves

    plain = jsonable(data)
    values: dict[str, Any] = {}
    troubles = []
    for name, path in paths.items():
        try:
            value = jmespath.search(path, plain)
        except (jmespath.exceptions.JMESPathError, ArithmeticError, RecursionError, TypeError, ValueError):
            value = None
        why = f"'{path}' is not in the result" if value is None else _unfit(value)
        values[name] = None if why else value
        if why:
            troubles.append(f"'{name}' has no value: {why}")
    return values, troubles


def _unfit(found: Any) -> str:
    size = len(json.dumps(found))
    return f"it has {size} characters, more than {MOST_CHARACTERS}" if size > MOST_CHARACTERS else ""


def jsonable(data: Any) -> Any:
    """``data`` as JSON has it: dataclasses, models and dates too."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    if isinstance(data, str):
        return _parsed(data)
    try:
        return storable(to_jsonable_python(data))
    except (PydanticSerializationError, ValueError):
        return None


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return storable(json.loads(text))
    except (ValueError, RecursionError):
        return text
