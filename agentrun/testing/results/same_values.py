"""Compares JSON values; ``true`` and 1 are different."""

from __future__ import annotations

from typing import Any


def same(one: Any, other: Any) -> bool:
    """Whether both are the same, at any depth; 1 and 1.0 are, ``true`` and 1 are not.

    >>> same({"n": [1]}, {"n": [1.0]}), same({"n": [True]}, {"n": [1]}), same(0, False)
    (True, False, False)
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


class ExpectedValue:
    """A value that is equal to those that are the ``same``, whoever compares it with one.

    >>> 1 == ExpectedValue(True), ExpectedValue(True)
    (False, True)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return same(self._value, other)

    def __repr__(self) -> str:
        return repr(self._value)
