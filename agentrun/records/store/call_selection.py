"""A query for calls as SQL, for SQLite and for PostgreSQL.

A search asks the index which calls may match, of all there are, and looks into the records of the newest
``MOST_SEARCHED`` of those. Calls that are not in the index, as those that are up, are looked into as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from agentrun.records.storable import kept
from agentrun.records.store import leases
from agentrun.records.store.call_filter import NO_SUCCESS, PLACED, SUCCESS, UP, CallFilter
from agentrun.records.store.call_query import CallQuery
from agentrun.records.store.search.index import UNINDEXED, SearchIndex
from agentrun.records.store.tables import CALLS

MOST_SEARCHED = 1000
"""Records that one search looks into, about 0.1 s of work."""
_ORDER = "started", "id", "agent"
ORDER = tuple(CALLS.c[name].desc() for name in _ORDER)
_UNREAD = ("record", "seen", "expires", "lapsed")
"""Columns that are no parts of a record."""
Condition = sa.ColumnElement[bool]
Part = str | tuple[str, tuple[str, ...]]
"""A part of a record by its name; of a list of objects also the fields that will do."""
Elements = Callable[[str], tuple[sa.TableValuedAlias, Callable[[str], sa.ColumnElement[Any]]]]


def prepare(connection: Any) -> None:
    """Teach a connection to SQLite the lower case of all letters; its own knows those of ASCII."""
    connection.create_function("agentrun_lower", 1, _lower, deterministic=True)


def keys(wanted: CallQuery, dialect: str, index: SearchIndex | None = None) -> sa.Select[Any]:
    """The agents and ids of the calls that are meant, the newest first."""
    # found in an index alone: rows that are skipped are not read
    most, skip = None if wanted.where else wanted.most, wanted.skip or None
    if not wanted.has:
        return _of_columns(wanted).order_by(*ORDER).limit(most).offset(skip)
    window = _window(wanted, index).subquery()
    these = (CALLS.c.agent == window.c.agent) & (CALLS.c.id == window.c.id)
    found = sa.select(CALLS.c.agent, CALLS.c.id).where(*_conditions(wanted.has, dialect))
    if dialect == "postgresql":
        # it does not know what a look into a record costs, and might look into all there are
        one = found.where(these).limit(1).lateral()
        chosen = sa.select(one.c.agent, one.c.id).select_from(window.join(one, sa.true()))
    else:
        chosen = found.join_from(CALLS, window, these)
    # in the window's own order: records are looked into until there are enough
    order = (window.c[name].desc() for name in _ORDER)
    return chosen.order_by(*order).limit(most).offset(skip)


def read(page: sa.Subquery, dialect: str, parts: Collection[Part]) -> sa.Select[Any]:
    """The records of a ``page`` of calls, the newest first; the named ``parts`` of them, if some are."""
    names = [part if isinstance(part, str) else part[0] for part in parts]
    these = (CALLS.c.agent == page.c.agent) & (CALLS.c.id == page.c.id)
    rows = sa.join(CALLS, page, these)
    if not parts:
        return sa.select(CALLS.c.record).select_from(rows).order_by(*ORDER)
    if dialect == "sqlite":
        whole = (CALLS.c.record[name].label(name) for name in names)
        return sa.select(*whole).select_from(rows).order_by(*ORDER)
    # an operator for each part would read a record's JSON as often as there are parts
    columns = (sa.column(name, sa.JSON) for name in names)
    record = sa.func.json_to_record(CALLS.c.record).table_valued(*columns, name="parts")
    record = record.render_derived(with_types=True)
    wanted = (
        record.c[part] if isinstance(part, str) else _fields(record.c[part[0]], part[1]) for part in parts
    )
    return sa.select(*wanted).select_from(rows.join(record, sa.true())).order_by(*ORDER)


def record_of(row: sa.RowMapping) -> dict[str, Any]:
    """The record that a row has, or the parts of one; of a call whose lease has lapsed as cut off."""
    record = kept(row.get("record") or {name: part for name, part in row.items() if name not in _UNREAD})
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
    return sa.select(window.c.started).order_by(window.c.started.desc()).offset(MOST_SEARCHED - 1).limit(1)


def _window(wanted: CallQuery, index: SearchIndex | None) -> sa.Select[Any]:
    """The newest calls that may match: those that the index names, and those that are not in it."""
    others = _of_columns(wanted).add_columns(CALLS.c.started).where(UNINDEXED)
    some = [others.order_by(*ORDER).limit(MOST_SEARCHED)]
    candidates = index.candidates(wanted, MOST_SEARCHED) if index else None
    if candidates is not None and not wanted.up and wanted.has.outcome != UP:
        some.append(candidates)
    # a call that has changed since is in both
    every = sa.union(*(sa.select(each.subquery()) for each in some)).subquery()
    return sa.select(every).order_by(*(every.c[name].desc() for name in _ORDER)).limit(MOST_SEARCHED)


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


def _conditions(has: CallFilter, dialect: str) -> Iterator[Condition]:
    if has.outcome:
        yield _outcome(has.outcome)
    if has.number:
        numbers = (CALLS.c.record[name].as_string() for name in ("from_number", "to_number"))
        yield sa.or_(*(sa.func.lower(each).contains(has.digits, autoescape=True) for each in numbers))
    yield from (_written(word, dialect) for word in (has.tool, has.text) if _is_plain(word))
    if has.tool:
        entries, part = _entries(dialect)
        yield _exists(entries, part("who") == "tool", part("name") == has.tool)
    if has.text:
        entries, part = _entries(dialect)
        yield _exists(entries, _holds(part("text"), has.text, dialect))
    for name, value in has.variables:
        pairs, spelled = _variables(dialect)
        yield _exists(pairs, pairs.c.key == name, _holds(spelled, value, dialect))


def _is_plain(word: str) -> bool:
    """Whether a word stands in JSON as it is, so that records without it need no closer look."""
    return bool(word) and word.isascii() and word.isprintable() and not set(word) & set('"\\')


def _written(word: str, dialect: str) -> Condition:
    """Whether a plain ``word`` stands anywhere in a record's text: much faster than to look where."""
    if dialect == "sqlite":
        return sa.type_coerce(CALLS.c.record, sa.Text).contains(word, autoescape=True)
    return sa.collate(sa.cast(CALLS.c.record, sa.Text), "C").icontains(word, autoescape=True)


def _holds(text: sa.ColumnElement[Any], part: str, dialect: str) -> Condition:
    """Whether ``part`` stands in ``text``, in upper or lower case."""
    if dialect == "sqlite":
        lower: sa.ColumnElement[str] = sa.func.agentrun_lower(text)
        contains: Condition = lower.contains(part.lower(), autoescape=True)
        return contains
    # what PostgreSQL's own lower() knows of letters depends on the database's locale
    pattern = "".join(map(_either_case, part.lower()))
    matches: Condition = text.regexp_match(pattern)
    return matches


def _either_case(letter: str) -> str:
    r"""A letter in both cases, or whatever else it is, as a regular expression of PostgreSQL's.

    >>> _either_case("ü"), _either_case("."), _either_case("ß")
    ('[üÜ]', '\\.', 'ß')
    """
    if not letter.isalnum():
        return letter if letter in " _" else f"\\{letter}" if letter.isascii() else letter
    return f"[{letter}{letter.upper()}]" if letter.upper() != letter and len(letter.upper()) == 1 else letter


def _outcome(outcome: str) -> Condition:
    if outcome == UP:
        return CALLS.c.ended.is_(None)
    if outcome in (SUCCESS, NO_SUCCESS):
        success = sa.cast(CALLS.c.record[("analysis", "success")].as_string(), sa.String)
        return success.in_(("1", "true") if outcome == SUCCESS else ("0", "false"))
    ended: sa.ColumnElement[str] = CALLS.c.record["outcome" if outcome in PLACED else "ended_by"].as_string()
    return ended == outcome


def _exists(rows: sa.TableValuedAlias, *conditions: Condition) -> Condition:
    return sa.select(sa.literal(1)).select_from(rows).where(*conditions).correlate(CALLS).exists()


def _entries(dialect: str) -> tuple[sa.TableValuedAlias, Callable[[str], sa.ColumnElement[Any]]]:
    """The transcript as rows, and how a part of one is read."""
    if dialect == "sqlite":
        rows = sa.func.json_each(CALLS.c.record, "$.transcript").table_valued("value", name="entries")
        return rows, lambda name: sa.func.json_extract(rows.c.value, f"$.{name}")
    rows = sa.func.json_array_elements(CALLS.c.record["transcript"]).table_valued("value", name="entries")
    return rows, lambda name: sa.cast(rows.c.value, sa.JSON)[name].as_string()


def _variables(dialect: str) -> tuple[sa.TableValuedAlias, sa.ColumnElement[Any]]:
    """The variables as rows with a ``key``, and the text of a row's value."""
    if dialect != "sqlite":
        rows = sa.func.json_each_text(CALLS.c.record["variables"]).table_valued("key", "value", name="pairs")
        return rows, sa.func.coalesce(rows.c.value, "null")
    rows = sa.func.json_each(CALLS.c.record, "$.variables").table_valued("key", "value", "type", name="pairs")
    is_word = rows.c.type.in_(("true", "false", "null"))
    return rows, sa.case((is_word, rows.c.type), else_=sa.cast(rows.c.value, sa.String))


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text
