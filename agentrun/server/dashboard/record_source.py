"""Where the dashboard's records come from: the store of all workers, or the memory of this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records.call_figures import Figures
from agentrun.records.store import hourly
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.records.recent_records import RecentRecords

Row = Mapping[str, Any]
LINE = ("transport", "from_number", "answered", "ended_by", "reason", "turns", "cost", "analysis")
"""What a line of a table shows of a record, beside its name and times."""
MOST_LIVE = 200
"""Calls that are up and shown."""
T = TypeVar("T")


class Source:
    """Reads records: of this process as new as can be, of other workers half a second old."""

    def __init__(self, records: RecentRecords) -> None:
        self._records = records

    async def live(self) -> list[Row]:
        """The calls that are up, the newest first."""
        query = CallQuery(most=MOST_LIVE, up=True)
        stored = await self._ask(lambda store: list(store.find(query, (*LINE, "transcript")))) or []
        own_records = {(record.agent, record.id): record for record in self._records.newest()}
        # what has ended here a moment ago may be up in the store
        others = [row for row in stored if (row["agent"], row["id"]) not in own_records]
        mine = [record.as_json() for record in own_records.values() if record.ended is None]
        return _newest([*mine, *others])[:MOST_LIVE]

    async def page(self, agent: str | None, skip: int, most: int) -> list[Row]:
        """``most`` calls after the newest ``skip``, the newest first, live ones among them."""
        own_rows = [row for row in self._kept() if agent is None or row["agent"] == agent]
        if not isinstance(self._records.past, Store):
            return _newest(own_rows)[skip : skip + most]
        query = CallQuery(agent, most=most, skip=skip)
        stored = await self._ask(lambda store: list(store.find(query, LINE)))
        if stored is None:
            return _newest(own_rows)[skip : skip + most]
        if skip:
            newer = {(row["agent"], row["id"]): row for row in own_rows}
            return [newer.get((row["agent"], row["id"]), row) for row in stored]
        # the first page has those as well that the store has not got yet
        return _newest([*own_rows, *stored])[:most]

    async def figures(self, agent: str | None, first: int, step: int) -> dict[int, Figures]:
        """Sums of the calls since the hour ``first``, by steps of ``step`` hours, as ``HourlyTable.read``."""
        sums = await self._ask(lambda store: store.hourly.read(agent, first, step))
        if sums is not None:
            return sums
        own_rows = [row for row in self._kept() if agent is None or row["agent"] == agent]
        return hourly.of_rows(own_rows, first, step)

    async def one(self, agent: str, call_id: str) -> Row | None:
        """One call, live or past."""
        return await self._records.find(agent, call_id)

    def _kept(self) -> list[Row]:
        return [record.as_json() for record in self._records.newest()]

    async def _ask(self, question: Callable[[Store], T]) -> T | None:
        past = self._records.past
        if not isinstance(past, Store):
            return None
        try:
            return await self._records.read(lambda: question(past))
        except (TimeoutError, SQLAlchemyError) as error:
            logger.warning("the dashboard can't read the store: {}", type(error).__name__)
            return None


def _newest(rows: list[Row]) -> list[Row]:
    """Each call once, as it was told of first, the newest first."""
    once: dict[tuple[str, str], Row] = {}
    for row in rows:
        once.setdefault((row["agent"], row["id"]), row)
    return sorted(once.values(), key=lambda row: str(row["started"]), reverse=True)
