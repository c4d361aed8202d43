"""A result of which the model is told only a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WholeResult:
    """What a tool's runner may give: ``told`` is for the model, and `save:` reads ``data``."""

    told: Any
    data: Any


def split(result: Any) -> tuple[Any, Any]:
    """What the model is told, and the whole result.

    >>> split(WholeResult("gold", {"plan": "gold"}))
    ('gold', {'plan': 'gold'})
    >>> split("gold")
    ('gold', 'gold')
    """
    return (result.told, result.data) if isinstance(result, WholeResult) else (result, result)
