"""Statistics of ended calls by the hour of their start, so that charts need not read all calls.

A call's row says whether it has been ``counted``. Who counts takes some rows that are not, adds them to the
sums, and marks them, in one transaction: each call is counted once, whichever servers count, whichever
version wrote it, and whatever is killed in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.call_figures import Figures
from agentrun.records.store import engine
from agentrun.records.store.queries import call_selection
from agentrun.records.store.tables import CALLS, HOURLY

HOUR = 3600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a beginning that is no time."""
BATCH = 100
"""Calls that are counted at a time, about 20 ms of work."""
MOST_UNCOUNTED = 1000
"""Calls a page adds up by itself: those that are up, and those that nobody has counted yet."""
ALL = ""
"""The agent under which every agent's calls are summed up as well."""
_UNCOUNTED = sa.text("NOT calls.counted")
"""As the index has it."""
_PARTS = (CALLS.c.agent, CALLS.c.started, CALLS.c.record["ended_by"], CALLS.c.record["turns"])


class HourlyTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, database: sa.Engine, insert: Callable[[sa.Table], Any]) -> None:
        self._engine = database
        self._insert = insert

    def count(self, most: int = BATCH) -> int:
        """Add up to ``most`` ended calls to the sums; how many there were."""
        keys = sa.select(CALLS.c.agent, CALLS.c.id).where(_UNCOUNTED, CALLS.c.ended.is_not(None))
        keys = keys.order_by(CALLS.c.started).limit(most).with_for_update(skip_locked=True)
        these = sa.tuple_(CALLS.c.agent, CALLS.c.id).in_(keys)
        with self._engine.begin() as connection:
            rows = connection.execute(sa.update(CALLS).where(these).values(counted=True).returning(*_PARTS))
            batch = rows.all()
            self._add(connection, batch)
        return len(batch)

    def _add(self, connection: sa.Connection, rows: Sequence[Any]) -> None:
        sums: dict[tuple[str, int], Figures] = defaultdict(Figures)
        for agent, started, ended_by, turns in rows:
            for whose in (agent, ALL):
                sums[whose, hour(started)].add_call(_counted(ended_by, turns))
        values = [
            {
                "agent": agent,
                "hour": at,
                "kind": kind,
                "name": name[:32],
                "n": each.count,
                "total": each.total,
            }
            for (agent, at), figures in sums.items()
            for kind, name, each in figures.parts()
        ]
        if not values:
            return
        statement = self._insert(HOURLY)
        more = {
            "n": HOURLY.c.n + statement.excluded.n,
            "total": HOURLY.c.total + statement.excluded.total,
        }
        key = ["agent", "hour", "kind", "name"]
        statement = statement.on_conflict_do_update(index_elements=key, set_=more)
        # in one order, so that two servers that count wait for each other and don't lock each other out
        values.sort(key=lambda value: [value[name] for name in key])
        connection.execute(statement, values)

    def read(self, agent: str | None, first: int, step: int = 1) -> dict[int, Figures]:
        """The sums since the hour ``first``, by steps of ``step`` hours, with the calls that are up.

        Hours are counted from 1970, steps from ``first``: those without a call are left out.
        """
        sums: dict[int, Figures] = defaultdict(Figures)
        place = ((HOURLY.c.hour - first) // step).label("place")
        query = sa.select(
            place, HOURLY.c.kind, HOURLY.c.name, sa.func.sum(HOURLY.c.n), sa.func.sum(HOURLY.c.total)
        )
        query = query.where(HOURLY.c.agent == (agent or ALL), HOURLY.c.hour >= first)
        query = query.group_by(place, HOURLY.c.kind, HOURLY.c.name)
        with self._engine.connect() as connection:
            # a call that is counted in between is in the sums or among the uncounted ones, not in neither
            engine.begin_snapshot(connection)
            for at, kind, name, count, total in connection.execute(query):
                sums[at].add(kind, name, int(count), float(total))
            for row in connection.execute(_uncounted(agent, first)):
                figures = sums[(hour(row[1]) - first) // step]
                figures.add_call(_counted(row[2], row[3]))
        return dict(sums)


def forget(connection: sa.Connection, before: datetime) -> None:
    """Delete the sums of hours that ended before ``before``."""
    connection.execute(sa.delete(HOURLY).where(HOURLY.c.hour < int(before.timestamp()) // HOUR))


def hour(started: str) -> int:
    """The hour of a record's time, counted from 1970.

    >>> hour("1970-01-02T01:30:00+00:00")
    25
    """
    at = datetime.fromisoformat(started) if record_shape.is_time(started) else EPOCH
    return int(at.timestamp()) // HOUR


def _counted(ended_by: object, turns: object) -> dict[str, Any]:
    """What is counted of a row, whoever wrote it: one that can't be would hold up all others."""
    return record_shape.shaped({"ended_by": ended_by, "turns": turns})


def _uncounted(agent: str | None, first: int) -> sa.Select[Any]:
    since = datetime.fromtimestamp(first * HOUR, UTC).isoformat()
    query = sa.select(*_PARTS).where(_UNCOUNTED, CALLS.c.started >= since)
    if agent:
        query = query.where(call_selection.of_agent(agent))
    return query.order_by(CALLS.c.started.desc()).limit(MOST_UNCOUNTED)


def of_rows(rows: Sequence[Mapping[str, Any]], first: int, step: int = 1) -> dict[int, Figures]:
    """As ``HourlyTable.read``, of records that are at hand."""
    sums: dict[int, Figures] = defaultdict(Figures)
    for row in rows:
        if (at := hour(row["started"])) >= first:
            sums[(at - first) // step].add_call(row)
    return dict(sums)
