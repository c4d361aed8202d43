"""A store's search index: which calls are in it, and how they are added.

A row of ``calls`` has the state in which it was put into the index. Whatever changes a row, be it an older
agentrun, changes that state, and has the row read again. Calls that are up are not in the index: they are
few, and change. Who asks for calls asks for those of the index and for those that aren't in it yet. Whoever
reads a row for it writes down as well what versions of its spec are compared by.
"""

from __future__ import annotations

from typing import Any, Protocol

import sqlalchemy as sa

from agentrun.records import record_shape, version_figures
from agentrun.records.store.queries.call_query import CallQuery
from agentrun.records.store.search.postgresql import PostgreSQLIndex
from agentrun.records.store.search.sections import sections
from agentrun.records.store.search.sqlite import SQLiteIndex
from agentrun.records.store.tables import CALLS, KEY

BATCH = 20
"""Calls that are put into the index at a time, about 40 ms of work."""
UNINDEXED = sa.text("calls.search_state <> calls.seen || '/' || coalesce(calls.ended, '')")
"""As the index over these rows has it: whether a call isn't in the index as it is now."""
_DONE = sa.update(CALLS).where(
    CALLS.c.agent == sa.bindparam("this_agent"), CALLS.c.id == sa.bindparam("this_id")
)


class _Index(Protocol):
    """The index of one kind of database."""

    def candidates(self, wanted: CallQuery, most: int) -> sa.Select[Any]:
        """The agents, ids and beginnings of the newest calls that may match, at most so many."""

    def bound(self, wanted: CallQuery) -> sa.Select[Any] | None:
        """When the oldest call began that is looked at; None where all are."""

    def write(self, connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
        """Put records into the index, whether they are in it or not."""


class SearchIndex:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError.

    A SQLite without FTS5 has no index: its searches look into the newest calls alone.
    """

    def __init__(self, database: sa.Engine) -> None:
        self._engine = database
        self._index: _Index | None = None
        if sa.inspect(database).has_table("search_index"):
            self._index = PostgreSQLIndex() if database.dialect.name == "postgresql" else SQLiteIndex()

    def candidates(self, wanted: CallQuery, most: int) -> sa.Select[Any] | None:
        """The calls of the index that may match; None where there is no index."""
        return self._index.candidates(wanted, most) if self._index else None

    def bound(self, wanted: CallQuery) -> sa.Select[Any] | None:
        """When the oldest call of the index began that is looked at; None where all are."""
        return self._index.bound(wanted) if self._index else None

    def add(self, most: int = BATCH) -> int:
        """Put up to ``most`` ended calls into the index, the newest first; how many there were."""
        if self._index is None:
            return 0
        query = sa.select(*KEY, CALLS.c.seen, CALLS.c.record).where(UNINDEXED, CALLS.c.ended.is_not(None))
        query = query.order_by(CALLS.c.started.desc()).limit(most)
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                # nobody may write between the reading and the writing
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
            if not rows:
                return 0
            records = [record_shape.stored(row["record"], row) for row in rows]
            self._index.write(connection, list(map(_with_key, records)))
            connection.execute(_DONE, [_done(*each) for each in zip(rows, records, strict=True)])
        return len(rows)


def _done(row: sa.RowMapping, record: dict[str, Any]) -> dict[str, Any]:
    """What ``_DONE`` is told of a row that is in the index now."""
    state = f"{row['seen']}/{row['ended'] or ''}"
    key = {"this_agent": row["agent"], "this_id": row["id"]}
    return {**key, "search_state": state, "version_figures": version_figures.stored(record, state)}


def _with_key(record: dict[str, Any]) -> dict[str, Any]:
    key = {name: record[name] for name in ("agent", "id", "started")}
    return {**key, "sections": sections(record)}
