"""A tool's result in the words that the model reads."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json

WHAT_TO_RETURN = "return text, a number, a list, a dict, a dataclass or a pydantic model"
MOST_CHARACTERS = 16_000
"""Longer results are cut: the model would pay for them on every later turn."""
EMPTY = "The result is empty: there is nothing to tell."


class UnreadableResultError(TypeError):
    """A tool's result that JSON can't hold, in words for the tool's author."""


def as_text(result: Any) -> str:
    """Strings as they are, the rest as JSON: dataclasses, models, dates, decimals, sets and enums too.

    Raises UnreadableResultError for what JSON can't hold, with what to return instead.

    >>> as_text({"score": 71})
    '{"score":71}'
    >>> as_text([])
    'The result is empty: there is nothing to tell.'
    """
    if result is None or (isinstance(result, str | list | tuple | dict | set | frozenset) and not result):
        return EMPTY
    text = result if isinstance(result, str) else _as_json(result)
    # Half of a surrogate pair can't be sent on: the request to the model would fail.
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    if len(text) <= MOST_CHARACTERS:
        return text or EMPTY
    return f"{text[:MOST_CHARACTERS]}… (cut here: the whole result has {len(text)} characters)"


def _as_json(result: Any) -> str:
    try:
        return to_json(result).decode()
    except PydanticSerializationError as error:
        kind = type(result).__name__
        if "Circular" in str(error):
            raise UnreadableResultError(f"returned a {kind} that holds itself; {WHAT_TO_RETURN}") from None
        inside = " that holds an object" if isinstance(result, dict | list | tuple | set) else ""
        message = f"returned a {kind}{inside}, which JSON can't hold; {WHAT_TO_RETURN}"
        raise UnreadableResultError(message) from None
