"""Evaluates a condition on variables, without running any code from a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentrun.spec.models.conditions import Comparison, ConditionalWay
from agentrun.spec.values.field_values import as_number

UNSET = (None, "")
"""What a variable without a value is: absent, null or an empty text."""
_ORDERS = {
    "at_least": lambda value, limit: value >= limit,
    "at_most": lambda value, limit: value <= limit,
    "more_than": lambda value, limit: value > limit,
    "less_than": lambda value, limit: value < limit,
}


def holds(condition: Mapping[str, Comparison] | None, values: Mapping[str, Any]) -> bool:
    """Whether everything in ``condition`` is true of ``values``; nothing to be true always holds.

    A variable without a value is equal to nothing, and neither more nor less than anything.

    >>> holds({"age": Comparison(at_least=18)}, {"age": "21"})
    True
    """
    return all(_holds(one, value_of(path, values)) for path, one in (condition or {}).items())


def first(ways: Sequence[ConditionalWay], values: Mapping[str, Any]) -> str | None:
    """The node of the first of ``ways`` that is open; None where none is."""
    return next((way.to for way in ways if holds(way.when, values)), None)


def troubles(ways: Sequence[ConditionalWay], values: Mapping[str, Any]) -> list[str]:
    """Comparisons that are for numbers, of variables that are none."""
    problems = []
    for way in ways:
        for path, one in (way.when or {}).items():
            value = value_of(path, values)
            if one.orders and value not in UNSET and as_number(value) is None:
                problems.append(f"'{path}' is {str(value)[:80]!r}, which is not a number to compare")
    return list(dict.fromkeys(problems))


def value_of(path: str, values: Mapping[str, Any]) -> Any:
    """What ``path`` names in ``values``, such as ``customer.plan``; None where nothing is."""
    current: Any = values
    for part in path.split("."):
        if not isinstance(current, Mapping):
            return None
        try:
            current = current[part]
        except KeyError:
            return None
    return current


def as_word(value: object) -> str:
    """The word by which values are compared, as Pipecat Flows 1.14 has it: ``true`` for True and "True".

    >>> as_word(True), as_word("No"), as_word(3.0)
    ('true', 'No', '3')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return text.lower() if text.lower() in ("true", "false") else text


def _holds(one: Comparison, value: Any) -> bool:
    given = value not in UNSET
    checks = []
    if one.is_set is not None:
        checks.append(one.is_set == given)
    if one.equals is not None:
        checks.append(given and as_word(value) == as_word(one.equals))
    if one.is_not is not None:
        checks.append(not given or as_word(value) != as_word(one.is_not))
    if one.one_of is not None:
        checks.append(given and as_word(value) in [as_word(each) for each in one.one_of])
    if one.contains is not None:
        checks.append(given and _contains(value, one.contains))
    number = as_number(value)
    checks += [number is not None and _ORDERS[key](number, limit) for key, limit in one.orders.items()]
    return all(checks)


def _contains(value: Any, part: object) -> bool:
    if isinstance(value, list | tuple):
        return as_word(part) in [as_word(each) for each in value]
    return isinstance(value, str) and as_word(part).lower() in value.lower()
