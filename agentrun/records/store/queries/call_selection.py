"""A query for calls as SQL, for SQLite and PostgreSQL.

A search asks the index which calls may match, of all there are, and looks into the records of the newest
``MOST_SEARCHED`` of those. Calls that are not in the index, as those that are up, are looked into as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.storable import kept
from agentrun.records.store import leases
from agentrun.records.store.queries import call_conditions
from agentrun.records.store.queries.call_filter import UP
from agentrun.records.store.queries.call_query import CallQuery
from agentrun.records.store.search.index import UNINDEXED, SearchIndex
from agentrun.records.store.tables import CALLS

MOST_SEARCHED = 1000
"""Records that one search looks into, about 0.1 s of work."""
_ORDER = "started", "id", "agent"
ORDER = tuple(CALLS.c[name].desc() for name in _ORDER)
_UNREAD = ("record", "seen", "expires", "lapsed")
"""Columns that are no parts of a record."""
Part = str | tuple[str, tuple[str, ...]]
"""A part of a record by its name; of a list of objects also the fields that will do."""


def keys(wanted: CallQuery, dialect: str, index: SearchIndex | None = None) -> sa.Select[Any]:
    """The agents and ids of the calls that are meant, the newest first."""
    # found in an index alone: rows that are skipped are not read
    most, skip = None if wanted.where else wanted.most, wanted.skip or None
    if not wanted.has:
        return _of_columns(wanted).order_by(*ORDER).limit(most).offset(skip)
    window = _window(wanted, index).subquery()
    these = (CALLS.c.agent == window.c.agent) & (CALLS.c.id == window.c.id)
    found = sa.select(CALLS.c.agent, CALLS.c.id)
    if dialect == "postgresql":
        # it does not know what a look into a record costs, and might look into all there are
        one = call_conditions.on_postgresql(found.where(these), wanted.has).limit(1).lateral()
        chosen = sa.select(one.c.agent, one.c.id).select_from(window.join(one, sa.true()))
    else:
        chosen = call_conditions.on_sqlite(found.join_from(CALLS, window, these), wanted.has)
    # in the window's own order: records are looked into until there are enough
    order = (window.c[name].desc() for name in _ORDER)
    return chosen.order_by(*order).limit(most).offset(skip)


def read(page: sa.Subquery, dialect: str, parts: Collection[Part]) -> sa.Select[Any]:
    """The records of a ``page`` of calls, the newest first; the named ``parts`` of them, if some are."""
    names = [part if isinstance(part, str) else part[0] for part in parts]
    if not parts:
        return columns_of(page, CALLS.c.record)
    if dialect == "sqlite":
        return columns_of(page, *(CALLS.c.record[name].label(name) for name in names))
    # an operator for each part would read a record's JSON as often as there are parts
    columns = (sa.column(name, sa.JSON) for name in names)
    record = call_conditions.parts_of(*columns)
    wanted = (
        record.c[part] if isinstance(part, str) else _fields(record.c[part[0]], part[1]) for part in parts
    )
    return columns_of(page, *wanted).join(record, sa.true())


def columns_of(page: sa.Subquery, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Those ``columns`` of a ``page`` of calls, the newest first."""
    these = (CALLS.c.agent == page.c.agent) & (CALLS.c.id == page.c.id)
    return sa.select(*columns).select_from(sa.join(CALLS, page, these)).order_by(*ORDER)


def record_of(row: sa.RowMapping) -> dict[str, Any]:
    """The record that a row has, or the parts of one; of a call whose lease has lapsed as cut off."""
    if "record" in row:
        record = record_shape.stored(row["record"], row)
    else:
        parts = {name: part for name, part in row.items() if name not in _UNREAD}
        record = record_shape.shaped(kept(parts))
    return leases.cut_off(row, record) if row["lapsed"] else record


def _fields(entries: sa.ColumnElement[Any], names: Sequence[str]) -> sa.ColumnElement[Any]:
    """Of a list of objects some fields, so that nobody has to read the others."""
    columns = (sa.column(name, sa.JSON) for name in names)
    is_list = sa.func.json_typeof(entries) == "array"
    some = sa.func.json_to_recordset(sa.case((is_list, entries))).table_valued(*columns, name="fields")
    some = some.render_derived(with_types=True)
    objects = sa.func.json_agg(some.table_valued(), type_=sa.JSON)
    return sa.select(objects).select_from(some).scalar_subquery().label(entries.key)


def last_searched(wanted: CallQuery, index: SearchIndex | None = None) -> sa.Select[Any]:
    """When the oldest call began that a search looks into; none where it looks into all there are."""
    window = _window(wanted, index).subquery()
    last = sa.select(window.c.started).order_by(window.c.started.desc()).offset(MOST_SEARCHED - 1).limit(1)
    bound = index.bound(wanted) if index else None
    if bound is None:
        return last
    either = sa.union_all(sa.select(last.subquery()), sa.select(bound.subquery())).subquery()
    return sa.select(sa.func.max(either.c.started))


def _window(wanted: CallQuery, index: SearchIndex | None) -> sa.Select[Any]:
    """The newest calls that may match: those that the index names, and those that are not in it."""
    others = _of_columns(replace(wanted, agent=None)).add_columns(CALLS.c.started).where(UNINDEXED)
    if wanted.agent:
        others = others.where(of_agent(wanted.agent))
    some = [others.order_by(*ORDER).limit(MOST_SEARCHED)]
    candidates = index.candidates(wanted, MOST_SEARCHED) if index else None
    if candidates is not None and not wanted.up and wanted.has.outcome != UP:
        some.append(candidates)
    # a call that has changed since is in both
    every = sa.union(*(sa.select(each.subquery()) for each in some)).subquery()
    return sa.select(every).order_by(*(every.c[name].desc() for name in _ORDER)).limit(MOST_SEARCHED)


def of_agent(agent: str) -> sa.ColumnElement[bool]:
    """An agent's calls of those that a partial index has.

    SQLite would take the index over the agent otherwise, and read every record of it: the columns that a
    partial index is about stand behind the record, which is long.
    """
    return sa.func.coalesce(CALLS.c.agent, "") == agent


def _of_columns(wanted: CallQuery) -> sa.Select[Any]:
    query = sa.select(CALLS.c.agent, CALLS.c.id)
    if wanted.agent:
        query = query.where(CALLS.c.agent == wanted.agent)
    if wanted.since:
        query = query.where(CALLS.c.started >= wanted.since.astimezone(UTC).isoformat())
    if wanted.before:
        query = query.where(CALLS.c.started < wanted.before.astimezone(UTC).isoformat())
    if wanted.after:
        # the first condition is the second's beginning, which any index has a use for
        last = sa.tuple_(*(CALLS.c[name] for name in _ORDER)) < sa.tuple_(*map(sa.literal, wanted.after))
        query = query.where(CALLS.c.started <= wanted.after[0], last)
    return query.where(CALLS.c.ended.is_(None)) if wanted.up else query
