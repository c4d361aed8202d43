"""A query for calls in a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agentrun.records.store.queries.call_filter import CallFilter

Row = Mapping[str, Any]
"""A record as ``CallRecord.as_json`` gives it."""


@dataclass(frozen=True)
class CallQuery:
    """Which calls: of one ``agent``, begun ``since`` one time and ``before`` another, the newest ``most``.

    ``up``: of those that are up alone. ``skip`` leaves out so many of the newest; of the others those are
    meant for which ``where`` is true.
    ``after``: of those that come behind the call of that start, id and agent.
    ``has`` is asked of the database, which looks into the records of no more calls that may match than
    ``call_selection.MOST_SEARCHED``, the newest.
    """

    agent: str | None = None
    since: datetime | None = None
    most: int | None = None
    up: bool = False
    skip: int = 0
    where: Callable[[Row], bool] | None = None
    has: CallFilter = field(default_factory=CallFilter)
    before: datetime | None = None
    after: tuple[str, str, str] | None = None
