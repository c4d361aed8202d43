"""Where the dashboard's records come from: the store of all workers, or the memory of this process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records.store.store import CallQuery, Store
from agentrun.server.records.recent_records import RecentRecords

Row = Mapping[str, Any]
MOST = 20_000
"""Calls that a chart counts at most."""


class Source:
    """Reads records: of this process as new as can be, of other workers half a second old."""

    def __init__(self, records: RecentRecords) -> None:
        self._records = records

    async def live(self) -> list[Row]:
        """The calls that are up, the newest first."""
        mine = [record.as_json() for record in self._records.newest() if record.ended is None]
        return _newest([*mine, *await self._stored(CallQuery(most=200), live=True)])

    async def recent(self, agent: str | None, since: datetime | None, most: int = MOST) -> list[Row]:
        """Calls that have begun ``since``, the newest first, live ones among them."""
        kept = [
            row
            for row in (record.as_json() for record in self._records.newest())
            if (agent is None or row["agent"] == agent)
            and (since is None or datetime.fromisoformat(row["started"]) >= since)
        ]
        return _newest([*kept, *await self._stored(CallQuery(agent, since, most))])[:most]

    async def one(self, agent: str, call_id: str) -> Row | None:
        """One call, live or past."""
        return await self._records.find(agent, call_id)

    async def _stored(self, wanted: CallQuery, *, live: bool = False) -> list[Row]:
        past = self._records.past
        if not isinstance(past, Store):
            return []
        try:
            rows = await self._records.read(lambda: list(past.find(wanted)))
        except (TimeoutError, SQLAlchemyError) as error:
            logger.warning("the dashboard can't read the store: {}", type(error).__name__)
            return []
        return [row for row in rows if not live or not row["ended"]]


def _newest(rows: list[Row]) -> list[Row]:
    """Each call once, as it was told of first, the newest first."""
    once: dict[tuple[str, str], Row] = {}
    for row in rows:
        once.setdefault((row["agent"], row["id"]), row)
    return sorted(once.values(), key=lambda row: str(row["started"]), reverse=True)
