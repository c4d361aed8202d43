"""Reads rows as records, and closes those of calls whose servers have died."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from agentrun.records import version_figures
from agentrun.records.store import engine, leases
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_selection import Part
from agentrun.records.store.tables import CALLS, KEY
from agentrun.records.version_figures import VersionFigures

Read = tuple[sa.RowMapping, dict[str, Any]]
"""A row, and its record or the parts of it that were asked for."""
_KNOWN = (*KEY, CALLS.c.seen)


def read(database: sa.Engine, query: sa.Select[Any]) -> list[Read]:
    """What a ``query`` for rows finds; raises sqlalchemy.exc.SQLAlchemyError."""
    with database.connect() as connection:
        more = leases.expiry().label("expires"), leases.lapsed(engine.now(connection)).label("lapsed")
        rows = connection.execute(query.add_columns(*more)).mappings()
        return [(row, call_selection.record_of(row)) for row in rows]


def parts_of(database: sa.Engine, keys: sa.Select[Any], parts: Collection[Part]) -> list[Read]:
    """The ``parts`` of the records of the calls with these ``keys``, or all of them where none are named."""
    page, dialect = keys.subquery(), database.dialect.name
    try:
        return read(database, call_selection.read(page, dialect, parts).add_columns(*_KNOWN))
    except sa.exc.DataError:
        # PostgreSQL reads fields of lists of objects, and in one of these there is something else
        return read(database, call_selection.read(page, dialect, ()).add_columns(*_KNOWN))


def versions_of(database: sa.Engine, keys: sa.Select[Any]) -> list[tuple[dict[str, Any], VersionFigures]]:
    """The calls with these ``keys``, with their names and times at least, and the figures of each.

    A record is read where its figures are not written down yet, or were before it changed.
    """
    current = CALLS.c.version_figures["of"].as_string() == CALLS.c.seen + "/" + CALLS.c.ended
    record = sa.case((current, sa.null()), else_=CALLS.c.record).label("record")
    query = call_selection.columns_of(keys.subquery(), CALLS.c.version_figures, record, *_KNOWN)
    some = []
    for row, found in read(database, query):
        written = version_figures.read(row["version_figures"]) if row["record"] is None else None
        some.append((found, written or version_figures.of_record(found)))
    return some
