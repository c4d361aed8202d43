"""Converts JSON values to strings for ``call.parameters``."""

from __future__ import annotations

import json
from typing import Any


def as_text(value: Any) -> str:
    """Strings unchanged, numbers and booleans as Python writes them, everything else as JSON.

    Raises TypeError, ValueError or RecursionError for what is not JSON.

    >>> as_text("Ann"), as_text(7), as_text(True), as_text({"name": "Ann"})
    ('Ann', '7', 'True', '{"name": "Ann"}')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
