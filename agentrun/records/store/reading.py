"""Rows of a store become records: of calls whose servers have died as such, and each in its shape."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from agentrun.records.store import engine, leases
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_selection import Part
from agentrun.records.store.tables import CALLS, KEY

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
