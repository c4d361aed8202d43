"""``--where``: filters calls by the fields of their records."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

_CONDITION = re.compile(r"([A-Za-z_][\w.]*)\s*(!=|>=|<=|=|>|<|~)\s*(.*)", re.DOTALL)
_EXAMPLE = "--where success=false, --where reason=price or --where 'seconds>60'"
_ANALYSED = ("state", "summary", "success")
_MISSING = object()
_ORDERS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
Row = Mapping[str, Any]
Condition = Callable[[Row], bool]


class RecordFilter(click.ParamType[Condition]):
    """``FIELD=VALUE``: a field of the analysis, or a dotted path into the record."""

    name = "condition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Condition:
        """The condition that matching records meet; fails for anything that is not a condition.

        >>> RecordFilter().convert("seconds>60", None, None)({"seconds": 90.0})
        True
        """
        if callable(value):
            condition: Condition = value
            return condition
        parts = _CONDITION.fullmatch(str(value).strip())
        if parts is None:
            self.fail(f"'{value}' is not a condition; write for example {_EXAMPLE}", param, ctx)
        path, sign, operand = parts[1], parts[2], parts[3].strip()
        if sign in _ORDERS and not isinstance(_read(operand), int | float):
            self.fail(f"'{operand}' is not a number, and {sign} compares numbers", param, ctx)
        return lambda row: _compare(_at(row, path), sign, operand)


def all_of(conditions: Sequence[Condition]) -> Condition | None:
    """One condition that holds if all of them do; None if there are none."""
    return (lambda row: all(one(row) for one in conditions)) if conditions else None


def _at(row: Row, path: str) -> Any:
    """The value at ``path``: a field of the analysis by its name, anything else by its dotted path."""
    analysis = row.get("analysis") or {}
    fields = analysis.get("fields") or {}
    if path in fields:
        return fields[path]
    if path in _ANALYSED:
        return analysis.get(path, _MISSING)
    value: Any = row
    for name in path.split("."):
        value = value.get(name, _MISSING) if isinstance(value, Mapping) else _MISSING
    return value


def _compare(value: Any, sign: str, wanted: str) -> bool:
    """Whether the condition holds for ``value``: never if missing, and for a list if it does for any."""
    if value is _MISSING:
        return False
    if sign == "!=":
        return not _compare(value, "=", wanted)
    if isinstance(value, list):
        return any(_compare(one, sign, wanted) for one in value)
    if sign == "=":
        return _same(value, wanted)
    if sign == "~":
        return wanted.lower() in _text(value).lower()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(_ORDERS[sign](value, _read(wanted)))


def _same(value: Any, wanted: str) -> bool:
    """Whether ``value`` equals the given text: ``true``, ``null``, a number, or a string."""
    if isinstance(value, str):
        return value == wanted
    read = _read(wanted)
    return bool(value == read and isinstance(value, bool) == isinstance(read, bool))


def _read(wanted: str) -> Any:
    try:
        return json.loads(wanted)
    except (RecursionError, ValueError):
        return wanted


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
