"""Formats a tool's result as text for the model."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

WHAT_TO_RETURN = "return text, a number, a list, a dict, a dataclass or a pydantic model"
MOST_CHARACTERS = 16_000
"""Longer results are cut, since the model would process them on every later turn."""
EMPTY = "The result is empty: there is nothing to tell."


class UnreadableResultError(TypeError):
    """A tool's result can't be represented in JSON; the message is for the tool's author."""


def as_text(result: Any) -> str:
    """The result as text: strings unchanged, all else as JSON, including dataclasses, models and dates.

    Raises UnreadableResultError for what JSON can't hold, with what to return instead.

    >>> as_text({"score": 71})
    '{"score":71}'
    >>> as_text([])
    'The result is empty: there is nothing to tell.'
    """
    if result is None or (isinstance(result, str | list | tuple | dict | set | frozenset) and not result):
        return EMPTY
    text = result if isinstance(result, str) else _as_json(result)
    text = _encodable(text).strip()
    if len(text) <= MOST_CHARACTERS:
        return text or EMPTY
    return f"{text[:MOST_CHARACTERS]}… (cut here: the whole result has {len(text)} characters)"


def plain_json(result: Any) -> Any:
    """``result`` as JSON has it: of texts, numbers, lists and mappings alone.

    Raises UnreadableResultError for what JSON can't hold, and for more than ``MOST_CHARACTERS`` of it.

    >>> plain_json({"guests": (2, 4)})
    {'guests': [2, 4]}
    """
    text = _as_json(result)
    if len(text) > MOST_CHARACTERS:
        raise UnreadableResultError(f"returned {len(text)} characters, more than {MOST_CHARACTERS}")
    return from_json(text)


def _as_json(result: Any) -> str:
    try:
        try:
            return to_json(result).decode()
        except PydanticSerializationError as error:
            if "surrogates" not in str(error):
                raise
            return to_json(_encodable(to_jsonable_python(_encodable(result)))).decode()
    except (PydanticSerializationError, UnicodeEncodeError, RecursionError) as error:
        kind = type(result).__name__
        if "Circular" in str(error) or isinstance(error, RecursionError):
            raise UnreadableResultError(f"returned a {kind} that holds itself; {WHAT_TO_RETURN}") from None
        inside = " that holds an object" if isinstance(result, dict | list | tuple | set) else ""
        message = f"returned a {kind}{inside}, which JSON can't hold; {WHAT_TO_RETURN}"
        raise UnreadableResultError(message) from None


def _encodable(value: Any) -> Any:
    """A copy without halves of surrogate pairs, such as services leave that cut texts between them.

    The request to the model would fail.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {
            _encodable(key) if isinstance(key, str) else key: _encodable(each) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_encodable(each) for each in value]
    return value
