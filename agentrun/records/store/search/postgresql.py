"""The search index in PostgreSQL: numbered n-grams of one to three letters, under a GIN index.

It takes no extension. The numbers are hashes: two runs may share one, which costs a look into a record.
A call's row goes with the call, by its foreign key. https://www.postgresql.org/docs/current/gin.html
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from agentrun.records.store.queries.call_query import CallQuery
from agentrun.records.store.search.sections import Part, parts

LONGEST = 3
"""Letters of a run."""
MOST_TERMS = 24
"""Runs that a search asks for; the others would leave out next to nothing."""
_ORDER = "started", "id", "agent"
RECENT = 4
"""Calls that are looked at one by one before the index is asked, for each that is wanted."""
TABLE = sa.Table(
    "search_index",
    sa.MetaData(),
    sa.Column("agent", sa.String(63), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("started", sa.String(40), nullable=False),
    sa.Column("terms", sa.ARRAY(sa.SmallInteger), nullable=False),
)


class PostgreSQLIndex:
    """Raises sqlalchemy.exc.SQLAlchemyError."""

    def candidates(self, wanted: CallQuery, most: int) -> sa.Select[Any]:
        """The agents, ids and beginnings of the newest calls that may match, at most so many.

        What many calls have is found among the newest; only what few have is looked up in the index, which
        gives all of them, and in no order.
        """
        names, when, terms = (
            [TABLE.c.agent, TABLE.c.id, TABLE.c.started],
            list(_when(wanted)),
            _search_terms(wanted),
        )
        order = [TABLE.c[name].desc() for name in _ORDER]
        if not terms:
            return sa.select(*names).where(*when).order_by(*order).limit(most)
        newest = (
            sa.select(*names, TABLE.c.terms).where(*when).order_by(*order).limit(RECENT * most).subquery()
        )
        newest_first = (newest.c[name].desc() for name in _ORDER)
        recent = (
            sa.select(*(newest.c[each.name] for each in names))
            .where(_has(newest.c.terms, terms))
            .order_by(*newest_first)
        )
        few = recent.limit(most).cte("recent")
        is_short = sa.select(sa.func.count()).select_from(few).scalar_subquery() < most
        # those of the index have the newest among them
        whole = sa.select(*names).where(_has(TABLE.c.terms, terms), is_short, *when)
        every = sa.union_all(sa.select(few).where(sa.not_(is_short)), whole).subquery()
        return sa.select(every).order_by(*(every.c[name].desc() for name in _ORDER)).limit(most)

    def bound(self, _wanted: CallQuery) -> sa.Select[Any] | None:
        """Nothing: the index knows all calls by one letter."""
        return None

    def write(self, connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
        """Put records into the index, whether they are in it or not."""
        keys = [(row["agent"], row["id"]) for row in rows]
        connection.execute(sa.delete(TABLE).where(sa.tuple_(TABLE.c.agent, TABLE.c.id).in_(keys)))
        values = [
            {name: row[name] for name in ("agent", "id", "started")}
            | {"terms": sorted(_stored(row["sections"]))}
            for row in rows
        ]
        connection.execute(sa.insert(TABLE), values)


def _has(terms: sa.ColumnElement[Any], asked: list[int]) -> sa.ColumnElement[bool]:
    return terms.op("@>", is_comparison=True)(sa.literal(asked, TABLE.c.terms.type))


def _when(wanted: CallQuery) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since:
        yield TABLE.c.started >= wanted.since.astimezone(UTC).isoformat()
    if wanted.before:
        yield TABLE.c.started < wanted.before.astimezone(UTC).isoformat()


def _stored(sections: dict[str, str]) -> set[int]:
    runs = ((name, text, length) for name, text in sections.items() for length in range(1, LONGEST + 1))
    return {_term(name, run) for name, text, length in runs for run in _runs(text, length)}


def _search_terms(wanted: CallQuery) -> list[int]:
    """The terms of a search, in one order, those of all its parts in turn."""
    some = parts(wanted.has, wanted.agent)
    runs = [[(name, run) for run in _runs(text, min(LONGEST, len(text)))] for name, text in some]
    return sorted({_term(*run) for each in runs for run in _spread(each, len(some))})


def _spread(runs: list[Part], shares: int) -> list[Part]:
    """Some of one part's runs from everywhere in it, as many as are its share of all."""
    return runs[:: -(-len(runs) * shares // MOST_TERMS)]


def _runs(text: str, length: int) -> Iterable[str]:
    """Each run once.

    >>> list(_runs("abab", 3))
    ['aba', 'bab']
    """
    return dict.fromkeys(text[at : at + length] for at in range(len(text) - length + 1))


def _term(section: str, run: str) -> int:
    """A number that PostgreSQL's smallint holds."""
    return (zlib.crc32(f"{section}:{run}".encode()) & 0xFFFF) - 0x8000
