"""A tool's result in the words that the model reads."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

MOST_CHARACTERS = 16_000
"""Longer results are cut: the model would pay for them on every later turn."""
EMPTY = "The result is empty: there is nothing to tell."


def as_text(result: Any) -> str:
    """Strings as they are, the rest as JSON: dataclasses, models, dates, decimals, sets and enums too.

    Raises PydanticSerializationError for what JSON can't hold, and ValueError for a result that holds itself.

    >>> as_text({"score": 71})
    '{"score":71}'
    >>> as_text([])
    'The result is empty: there is nothing to tell.'
    """
    if result is None or (isinstance(result, str | list | tuple | dict | set | frozenset) and not result):
        return EMPTY
    text = result if isinstance(result, str) else to_json(result).decode()
    # Half of a surrogate pair can't be sent on: the request to the model would fail.
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    if len(text) <= MOST_CHARACTERS:
        return text or EMPTY
    return f"{text[:MOST_CHARACTERS]}… (cut here: the whole result has {len(text)} characters)"
