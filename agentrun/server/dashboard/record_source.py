"""Where the dashboard's records come from: the store, or this process's memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import HTTPException
from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records import version_figures
from agentrun.records.call_figures import Figures
from agentrun.records.store import hourly
from agentrun.records.store.store import CallQuery, Store
from agentrun.records.version_figures import VersionFigures
from agentrun.server.dashboard.filters import Filters
from agentrun.server.records.recent_records import RecentRecords

Row = Mapping[str, Any]
_ANSWERS = ("turns", ("total_ms",))
LINE = ("transport", "from_number", "answered", "ended_by", "reason", _ANSWERS, "cost", "analysis")
"""What a line of a table shows of a record, beside its name and times."""
AWAY = "the store of records can't be read now"
MOST_LIVE = 200
"""Calls that are up and shown."""
T = TypeVar("T")


class Source:
    """Reads the records of one page: of this process as new as can be, of other workers half a second old."""

    def __init__(self, records: RecentRecords) -> None:
        self._records = records
        self.is_away = False
        """Whether the store could not be read."""

    async def live(self) -> list[Row]:
        """The calls that are up, the newest first."""
        query = CallQuery(most=MOST_LIVE, up=True)
        stored = await self._ask(lambda store: list(store.find(query, (*LINE, "transcript")))) or []
        own_records = {(record.agent, record.id): record for record in self._records.newest()}
        # what has ended here a moment ago may be up in the store
        others = [row for row in stored if (row["agent"], row["id"]) not in own_records]
        mine = await self._records.rows(each for each in own_records.values() if each.ended is None)
        return _newest([*mine, *others])[:MOST_LIVE]

    async def page(self, filters: Filters, skip: int, most: int) -> list[Row]:
        """``most`` calls after the newest ``skip`` that match, the newest first, live ones among them."""
        query = CallQuery(filters.agent or None, most=most, skip=skip, has=filters.has, before=filters.before)
        stored = await self._ask(lambda store: list(store.find(query, LINE)))
        if stored is None:
            return _newest(await self._of_this_process(filters))[skip : skip + most]
        recent = await self._records.rows(filter(self._records.is_unwritten, self._records.newest()))
        own_rows = [row for row in recent if _matches(row, filters)]
        newer = {(row["agent"], row["id"]): row for row in recent}
        pairs = ((row, newer.get((row["agent"], row["id"]))) for row in stored)
        rows: list[Row] = [mine or row for row, mine in pairs if mine is None or _matches(mine, filters)]
        # the first page has those as well that the store has not got yet
        return rows if skip else _newest([*own_rows, *rows])[:most]

    async def searched_until(self, filters: Filters) -> str | None:
        """When the oldest call began that was looked into; None where all were."""
        if not filters.has:
            return None
        query = CallQuery(filters.agent or None, has=filters.has, before=filters.before)
        return await self._ask(lambda store: store.last_searched(query))

    async def figures(self, filters: Filters, first: int, step: int) -> dict[int, Figures]:
        """Sums of the calls since the hour ``first``, by steps of ``step`` hours, as ``HourlyTable.read``.

        What stands inside records is asked of the calls themselves, and of no more than a search looks into.
        """
        if filters.has:
            since = datetime.fromtimestamp(first * hourly.HOUR, UTC)
            query = CallQuery(filters.agent or None, since, has=filters.has, before=filters.before)
            rows = await self._ask(lambda store: list(store.find(query, ("ended_by", "turns"))))
            return hourly.of_rows(await self._of_this_process(filters) if rows is None else rows, first, step)
        sums = await self._ask(lambda store: store.hourly.read(filters.agent or None, first, step))
        return hourly.of_rows(await self._of_this_process(filters), first, step) if sums is None else sums

    async def versions(self, filters: Filters, most: int) -> Sequence[tuple[Row, VersionFigures]]:
        """The newest ``most`` calls that match, with what their versions are compared by."""
        query = CallQuery(filters.agent, most=most, has=filters.has, before=filters.before)
        rows = await self._ask(lambda store: store.versions(query))
        if rows is None:
            return [
                (row, version_figures.of_record(row)) for row in (await self._of_this_process(filters))[:most]
            ]
        return rows

    async def one(self, agent: str, call_id: str) -> Row:
        """One call, live or past; raises HTTPException where there is none, or the store can't be asked."""
        return await self._there(agent, call_id, self._records.find(agent, call_id))

    async def began(self, agent: str, call_id: str) -> str:
        """When a call began, without the rest of its record; raises HTTPException as ``one`` does."""
        return await self._there(agent, call_id, self._records.began(agent, call_id))

    async def _there(self, agent: str, call_id: str, reading: Awaitable[T | None]) -> T:
        try:
            found = await reading
        except (TimeoutError, SQLAlchemyError) as error:
            logger.warning("the dashboard can't read the store: {}", type(error).__name__)
            raise HTTPException(503, f"{AWAY}; try again in a moment", {"Retry-After": "5"}) from None
        if found is None:
            raise HTTPException(404, f"no call '{call_id}' of agent '{agent}'")
        return found

    async def _of_this_process(self, filters: Filters) -> list[Row]:
        """The calls of this process that match, the newest first."""
        records = [each for each in self._records.newest() if filters.agent in ("", each.agent)]
        return [row for row in await self._records.rows(records) if _matches(row, filters)]

    async def _ask(self, question: Callable[[Store], T]) -> T | None:
        past = self._records.past
        if not isinstance(past, Store):
            return None
        try:
            return await self._records.read(lambda: question(past))
        except (TimeoutError, SQLAlchemyError) as error:
            logger.warning("the dashboard can't read the store: {}", type(error).__name__)
            self.is_away = True
            return None


def _matches(row: Row, filters: Filters) -> bool:
    if filters.agent and row["agent"] != filters.agent:
        return False
    if filters.before and datetime.fromisoformat(row["started"]) >= filters.before:
        return False
    return filters.has.matches(row)


def _newest(rows: list[Row]) -> list[Row]:
    """Each call once, as it was told of first, the newest first."""
    once: dict[tuple[str, str], Row] = {}
    for row in rows:
        once.setdefault((row["agent"], row["id"]), row)
    return sorted(once.values(), key=lambda row: str(row["started"]), reverse=True)
