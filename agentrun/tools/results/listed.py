"""Collects the items that a generator tool yields, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from agentrun.tools.results.result import WHAT_TO_RETURN, UnreadableResultError

MOST_ITEMS = 10_000
"""Far more than the characters that a model is told of a result."""
_PLAIN = (str, int, float, bytes, type(None))


def listed(result: Any) -> Any:
    """``result`` with a list for each generator, ``map``, open file or other iterator in it.

    Itself where there is none. Raises UnreadableResultError for one with more than ``MOST_ITEMS``, which may
    have no end, and for one within an object.

    >>> listed({"rows": (n * n for n in range(3))})
    {'rows': [0, 1, 4]}
    """
    return _replaced(result) if _has_iterator(result) else result


def _has_iterator(result: Any) -> bool:
    inside, seen = [result], set[int]()
    while inside:
        value = inside.pop()
        if isinstance(value, Iterator):
            return True
        if isinstance(value, _PLAIN) or id(value) in seen:
            continue
        seen.add(id(value))
        inside += _parts(value)
    return False


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if hasattr(type(value), "__dataclass_fields__") or hasattr(type(value), "model_fields"):
        return list(getattr(value, "__dict__", {}).values())
    return []


def _replaced(value: Any) -> Any:
    if isinstance(value, Iterator):
        items = list(islice(value, MOST_ITEMS + 1))
        if len(items) > MOST_ITEMS:
            kind = type(value).__name__
            raise UnreadableResultError(
                f"returned a {kind} of more than {MOST_ITEMS} items; {WHAT_TO_RETURN}"
            )
        return [_replaced(item) for item in items]
    if isinstance(value, dict):
        return {key: _replaced(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner) for inner in value]
    if _has_iterator(value):
        kind = type(value).__name__
        raise UnreadableResultError(f"returned a {kind} that holds an iterator; {WHAT_TO_RETURN}")
    return value
