"""The search index in SQLite: FTS5 with trigrams. https://www.sqlite.org/fts5.html

A call's number is the microsecond in which it began, so that the newest are found first. Its text goes with
the call, by a trigger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from agentrun.records.store.queries.call_query import CallQuery
from agentrun.records.store.search.sections import NAMES, Part, parts

RUN = 3
"""Letters of a run; what is shorter is looked for in the texts."""
MOST_READ = 2000
"""Texts that are read for it, of the newest calls."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS = sa.table(
    "search_index",
    sa.column("number", sa.Integer),
    sa.column("agent", sa.String),
    sa.column("id", sa.String),
    sa.column("started", sa.String),
)
TEXTS = sa.table(
    "search_text", sa.column("rowid", sa.Integer), *(sa.column(name, sa.String) for name in NAMES)
)


class SQLiteIndex:
    """Raises sqlalchemy.exc.SQLAlchemyError."""

    def candidates(self, wanted: CallQuery, most: int) -> sa.Select[Any]:
        """The agents, ids and beginnings of the newest calls that may match, at most so many."""
        query: sa.Select[Any] = sa.select(KEYS.c.agent, KEYS.c.id, KEYS.c.started)
        short = [part for part in parts(wanted.has, wanted.agent) if len(part[1]) < RUN]
        if not short:
            query = _with_every_run(
                wanted, query.select_from(TEXTS.join(KEYS, KEYS.c.number == TEXTS.c.rowid))
            )
            return query.order_by(TEXTS.c.rowid.desc()).limit(most)
        newest = _newest(wanted).limit(MOST_READ).subquery()
        rows = newest.join(TEXTS, TEXTS.c.rowid == newest.c.rowid)
        query = query.select_from(rows.join(KEYS, KEYS.c.number == newest.c.rowid))
        for name, text in short:
            query = query.where(sa.func.instr(TEXTS.c[name], text) > 0)
        return query.order_by(newest.c.rowid.desc()).limit(most)

    def bound(self, wanted: CallQuery) -> sa.Select[Any] | None:
        """When the oldest call began that is read for short words; None where there is nothing to be read."""
        if all(len(text) >= RUN for _, text in parts(wanted.has, wanted.agent)):
            return None
        last = _newest(wanted).offset(MOST_READ - 1).limit(1).subquery()
        began: sa.Select[Any] = sa.select(KEYS.c.started)
        return began.join_from(KEYS, last, KEYS.c.number == last.c.rowid)

    def write(self, connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
        """Put records into the index, whether they are in it or not."""
        for row in rows:
            this = (KEYS.c.agent == row["agent"]) & (KEYS.c.id == row["id"])
            place = connection.execute(sa.select(KEYS.c.number).where(this)).scalar()
            if place is None:
                place = _free(connection, number(datetime.fromisoformat(row["started"])))
                key = {name: row[name] for name in ("agent", "id", "started")}
                connection.execute(sa.insert(KEYS).values(number=place, **key))
            else:
                connection.execute(sa.delete(TEXTS).where(TEXTS.c.rowid == place))
            connection.execute(sa.insert(TEXTS).values(rowid=place, **row["sections"]))


def number(moment: datetime) -> int:
    """The microseconds from 1970 to ``moment``."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _newest(wanted: CallQuery) -> sa.Select[Any]:
    """The numbers of the calls that the index finds, the newest first."""
    return _with_every_run(wanted, sa.select(TEXTS.c.rowid)).order_by(TEXTS.c.rowid.desc())


def _with_every_run(wanted: CallQuery, query: sa.Select[Any]) -> sa.Select[Any]:
    """Those of a ``query`` that have every run of the search, and began when they should."""
    some = parts(wanted.has, wanted.agent)
    if runs := " AND ".join(_runs(part) for part in some if len(part[1]) >= RUN):
        query = query.where(sa.literal_column("search_text").op("MATCH", is_comparison=True)(runs))
    if wanted.since:
        query = query.where(TEXTS.c.rowid >= number(wanted.since))
    if wanted.before:
        query = query.where(TEXTS.c.rowid < number(wanted.before))
    return query


def _free(connection: sa.Connection, place: int) -> int:
    """``place``, or the next one that no other call has."""
    while connection.execute(sa.select(KEYS.c.number).where(KEYS.c.number == place)).scalar() is not None:
        place += 1
    return place


def _runs(part: Part) -> str:
    """A part as FTS5 asks for it: all of its runs, each in quotes, in one column.

    >>> _runs(("text", "open"))
    'text : ("ope" AND "pen")'
    """
    name, text = part
    runs = dict.fromkeys(text[at : at + RUN] for at in range(len(text) - RUN + 1))
    quoted = " AND ".join('"{}"'.format(run.replace('"', '""')) for run in runs)
    return f"{name} : ({quoted})"
