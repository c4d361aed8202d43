"""Text and values as every store, every file and every request can hold them."""

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


def _inside(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {text(str(key)): storable(inner, depth) for key, inner in value.items()}
    return [storable(inner, depth) for inner in value]


def _large(value: int) -> str:
    """The digits of a large number; Python refuses to write those of more than 4300 in tens."""
    bits = value.bit_length()
    return str(int(value)) if bits < 4096 else f"a number of {bits} bits"
