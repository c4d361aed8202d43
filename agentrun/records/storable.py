"""Makes text and values storable in every database, file and request."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

REPLACEMENT = "�"
"""Stands in Unicode for what is no character."""
MOST_DEPTH = 40
"""Levels of lists and mappings that are kept; JSON of more can't be read by every program."""
MOST_CHARACTERS = 64_000
"""Of one text; 20 minutes of speech have about 18,000."""
MOST_INTEGER = 1 << 63
"""Larger whole numbers are kept by their digits: no database has a type for them."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DEEPER = "…"


def text(value: str) -> str:
    """``value`` with a replacement character for each that UTF-8 or a database has no place for.

    These are halves of surrogate pairs, which JSON may carry and nothing can encode, and U+0000, which
    PostgreSQL refuses. A text of more than ``MOST_CHARACTERS`` is cut there, and says so.

    >>> text("caf\\u00e9 \\ud83d!") == "caf\\u00e9 \\ufffd!"
    True
    """
    if len(value) > MOST_CHARACTERS:
        value = f"{value[:MOST_CHARACTERS]}… (cut here: the whole text has {len(value)} characters)"
    return _UNSTORABLE.sub(REPLACEMENT, value)


def storable(value: Any, depth: int = MOST_DEPTH) -> Any:
    """A copy of ``value`` that ``json.dumps`` takes, that UTF-8 can encode, and that any database stores.

    Numbers that are not finite, and those of more than 64 bits, become their text, as RFC 8259 and databases
    have none such; keys become texts; what is nested deeper than ``depth`` is left out; anything that JSON
    has no word for becomes the name of its type.

    >>> storable({"most": float("inf"), 1: [1.5, None], "x": "\\ud83d"}) == {
    ...     "most": "inf", "1": [1.5, None], "x": "\\ufffd"}
    True
    """
    kind = type(value)
    # nearly all that is read and written is of these kinds, and by the thousand
    if kind is str:
        return value if len(value) <= MOST_CHARACTERS and not _UNSTORABLE.search(value) else text(value)
    if kind is dict and depth:
        depth -= 1
        return {
            key if type(key) is str and key.isidentifier() else text(str(key)): storable(inner, depth)
            for key, inner in value.items()
        }
    if kind is list and depth:
        depth -= 1
        return [storable(inner, depth) for inner in value]
    return _of_any_kind(value, depth)


def _of_any_kind(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, int):
        return int(value) if -MOST_INTEGER <= value < MOST_INTEGER else _large(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _inside(value, depth - 1) if depth else _DEEPER
    return f"<{type(value).__name__}>"


def kept(value: Any) -> Any:
    """``value``, which JSON gave: itself where nothing has to be changed in it, else what ``storable`` gives.

    >>> row = {"turns": [1.5]}
    >>> kept(row) is row, kept({"most": float("inf")})
    (True, {'most': 'inf'})
    """
    return value if type(value) is dict and _is_storable(value) else storable(value)


def _is_storable(value: dict[str, Any]) -> bool:
    """Whether ``storable`` would change nothing: a level at a time, for rows come by the hundred."""
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        texts: list[str] = []
        deeper: list[Any] = []
        for part in level:
            if type(part) is dict:
                texts += part
                part = part.values()
            for each in part:
                kind = type(each)
                if kind is str:
                    texts.append(each)
                elif kind is dict or kind is list:
                    deeper.append(each)
                elif kind is float:
                    if not math.isfinite(each):
                        return False
                elif kind is int:
                    if not -MOST_INTEGER <= each < MOST_INTEGER:
                        return False
                elif each is not None and kind is not bool:
                    return False
        if not _are_storable(texts):
            return False
        if not deeper:
            return True
        level = deeper
    return False


def _are_storable(texts: list[str]) -> bool:
    try:
        return max(map(len, texts), default=0) <= MOST_CHARACTERS and not _UNSTORABLE.search("".join(texts))
    except TypeError:  # a key that is no text
        return False


def _inside(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {text(str(key)): storable(inner, depth) for key, inner in value.items()}
    return [storable(inner, depth) for inner in value]


def _large(value: int) -> str:
    """The digits of a large number; Python refuses to write those of more than 4300 in tens."""
    bits = value.bit_length()
    return str(int(value)) if bits < 4096 else f"a number of {bits} bits"
