"""Numbers that JSON has no words for: a model may send ``Infinity``, and databases refuse it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:
    """``value`` with the name of each number in it that is not finite, for RFC 8259 has no such number.

    >>> finite({"most": float("inf"), "least": 1.5})
    {'most': 'inf', 'least': 1.5}
    """
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
