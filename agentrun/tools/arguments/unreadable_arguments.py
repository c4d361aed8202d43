"""Tool arguments that are not a JSON object: the model is told, and tries again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

KEY = "unreadable_arguments"
"""The only key of the object that stands for unreadable arguments."""
MOST_SHOWN = 200
MOST_CALLS = 64
"""Tools that one answer of a model may call; five hundred held a call up for 13 s."""
_END_MARKS = re.compile(r"(?:\s*<\|[A-Za-z_]{1,40}\|>)+\s*\Z")
"""What a template ends a call with, such as ``<|call|>``, where a server leaves it in the arguments."""
_TOO_MANY = "too_many_calls"
"""The one key of the object that stands for the calls of an answer behind these."""


def read(text: str) -> dict[str, Any]:
    """Parse the arguments of a call as the model wrote them; missing ones and ``null`` are an empty object.

    What can't be read is kept as it is under ``KEY``, so that the conversation stays one that every provider
    takes.

    >>> read('{"number": 7}'), read(""), read('{"number": 7')
    ({'number': 7}, {}, {'unreadable_arguments': '{"number": 7'})
    """
    arguments = parse(text)
    return wrap(text) if arguments is None else arguments


def as_object(arguments: object) -> dict[str, Any]:
    """Arguments that somebody has read already, be they none, a list or text.

    >>> as_object(None), as_object([7])
    ({}, {'unreadable_arguments': '[7]'})
    """
    if isinstance(arguments, Mapping):
        return dict(arguments)
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return read(text)


def parse(text: str) -> dict[str, Any] | None:
    """The arguments, or None where they are no JSON object; marks of a template behind them are none of them.

    >>> parse('{"number": 7}<|call|>')
    {'number': 7}
    """
    text = _END_MARKS.sub("", text)
    try:
        data = json.loads(text, parse_constant=_refuse) if text.strip() else {}
    except (ValueError, RecursionError):
        return None
    if data is None:
        return {}
    return data if isinstance(data, dict) else None


def wrap(text: str) -> dict[str, Any]:
    """An object that stands for ``text``, which can't be read."""
    return {KEY: text[:MOST_SHOWN]}


def too_many() -> dict[str, Any]:
    """The arguments of the first call of an answer that is one too many, which stands for all behind it."""
    return {_TOO_MANY: MOST_CALLS}


def explain(arguments: object) -> str | None:
    """What the model is told about unreadable arguments, or too many calls; None where there is nothing."""
    if isinstance(arguments, Mapping) and dict(arguments) == too_many():
        return (
            f"An answer may call {MOST_CALLS} tools at the most. This call was not made, nor those behind "
            "it. Make what is still needed in the next answer."
        )
    if not isinstance(arguments, Mapping) or set(arguments) != {KEY}:
        return None
    text = str(arguments[KEY]).strip()
    what = (
        f"The arguments could not be read as a JSON object: {text}" if text else "The arguments were cut off."
    )
    return f"{what}\nThe tool has not run. Call again with the whole arguments as one JSON object."


def _refuse(constant: str) -> object:
    """Python reads NaN and Infinity, and would write them into the conversation; they are no JSON."""
    raise ValueError(constant)
