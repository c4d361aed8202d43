"""Which calls are looked for in a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
"""A record as ``CallRecord.as_json`` gives it."""


@dataclass(frozen=True)
class CallQuery:
    """Which calls: of one ``agent``, begun ``since``, those that are ``up`` alone, the newest ``most``.

    ``skip`` leaves out so many of the newest; of the others those are meant for which ``where`` is true.
    """

    agent: str | None = None
    since: datetime | None = None
    most: int | None = None
    up: bool = False
    skip: int = 0
    where: Callable[[Row], bool] | None = None
