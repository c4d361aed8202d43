"""The store of call records: a SQLite file, or PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.store import (
    amendments,
    analyses,
    answered,
    engine,
    hourly,
    leases,
    reading,
    resuming,
    writing,
)
from agentrun.records.store.leases import CUT_OFF
from agentrun.records.store.open_errors import opening
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_query import CallQuery, Row
from agentrun.records.store.queries.call_selection import Part
from agentrun.records.store.search.index import SearchIndex
from agentrun.records.store.tables import CALLS, LEASES, is_call
from agentrun.records.version_figures import VersionFigures
from agentrun.records.webhook import outbox

__all__ = ["CUT_OFF", "DEFAULT", "CallQuery", "Row", "Store"]
DEFAULT = "sqlite:///agentrun-calls.sqlite3"
FORGOTTEN = 2000
"""Calls that are deleted at a time: about a second of work, in which SQLite lets nobody else write."""
_PAGE = 200
"""Rows that are read at once."""


class Store:
    """Reads and writes records; every method blocks, and may be called from any thread.

    Times that are compared are those of the database's clock. A call whose server has lost its lease is read
    as one that was cut off, also before anybody has closed it.

    >>> from agentrun.records import CallRecord
    >>> store = Store("sqlite://")
    >>> store.save([CallRecord("CA1", "desk", "twilio").as_json()], "a server")
    []
    >>> [row["id"] for row in store.find(CallQuery())]
    ['CA1']
    """

    def __init__(self, url: str, on_steps: Callable[[], None] = engine.ignore) -> None:
        """Open the store at ``url`` and bring it up to date; raises SetupError where that can't be done.

        ``on_steps`` is told where tables lack something, which takes as long as it takes.
        """
        failed = "records can't be kept"
        with opening(url, "--records", kind="a store", example=DEFAULT, failed=failed):
            self._engine = engine.make(url)
            with self._engine.begin() as connection:
                engine.migrate(connection, on_steps=on_steps)
                answered.prepare(connection)
        self._insert = engine.insertion(self._engine.dialect.name)
        self._writing = writing.statement(self._insert)
        self.outbox = outbox.Outbox(self._engine)
        self.answered = answered.AnsweredTable(self._engine)
        self.resuming = resuming.ResumingTable(self._engine)
        self.hourly = hourly.HourlyTable(self._engine, self._insert)
        self.analyses = analyses.AnalysisTable(self._engine)
        self.amendments = amendments.AmendmentTable(self._engine)
        self.search = SearchIndex(self._engine)

    def save(
        self,
        rows: Sequence[Row],
        owner: str,
        webhooks: Collection[str] = (),
        keys: Sequence[str] = (),
        snapshots: Sequence[Row | None] = (),
    ) -> list[Row]:
        """Write ``rows``, new or known, all or none; those that were refused.

        ``keys`` are those of their records: a row that another record has written is not written over, nor
        is one that has ended opened again, unless others closed it as nothing was heard of ``owner``. Those
        of the agents in ``webhooks`` are put into the outbox when they have ended; ``snapshots`` are what
        others need to go on. Raises sqlalchemy.exc.SQLAlchemyError, and what a row raises with a bad value.
        """
        if not rows:
            return []
        with self._engine.begin() as connection:
            now = engine.now(connection)
            leases.renew(connection, self._insert, owner, now)
            parts = zip(rows, keys or [""] * len(rows), snapshots or [None] * len(rows), strict=True)
            states = [(part[0], self._write(connection, *part, owner, now, webhooks)) for part in parts]
            known = (row for row, state in states if state == "written" and row["agent"] in webhooks)
            ended = map(record_shape.whole, (row for row in known if row["ended"]))
            outbox.put(connection, filter(analyses.is_whole, ended), now)
        return [row for row, state in states if state == "refused"]

    def _write(
        self,
        connection: sa.Connection,
        row: Row,
        key: str,
        snapshot: Row | None,
        owner: str,
        now: datetime,
        webhooks: Collection[str],
    ) -> str:
        """``written``, ``refused`` for another record, or ``over``: it has ended, or is another server's."""
        values = {name: row[name] for name in ("agent", "id", "started", "ended")}
        values |= {"record": dict(row), "owner": owner, "seen": now.isoformat(), "key": key}
        resume = None if row["ended"] else leases.ringing(snapshot, now)
        more = {"analysis": analyses.state(row), "resume": resume}
        values |= {"webhook": row["agent"] in webhooks, **more}
        if connection.execute(self._writing, values).rowcount:
            return "written"
        stored = connection.execute(sa.select(CALLS.c.key).where(is_call(row["agent"], row["id"]))).scalar()
        return "over" if resuming.is_of_one_record(stored, key) else "refused"

    def touch(self, owner: str) -> None:
        """Say that ``owner`` is alive, and its open calls with it."""
        with self._engine.begin() as connection:
            leases.renew(connection, self._insert, owner, engine.now(connection))

    def lapsed(self) -> dict[str, int]:
        """The owners of calls that are up, whose leases have lapsed; with the count of their beats."""
        with self._engine.connect() as connection:
            which = leases.lapsed(engine.now(connection))
            beat = sa.func.coalesce(LEASES.c.beat, -1)
            joined = CALLS.outerjoin(LEASES, LEASES.c.owner == CALLS.c.owner)
            query = sa.select(CALLS.c.owner, beat).select_from(joined).where(which).distinct()
            return {row[0]: row[1] for row in connection.execute(query)}

    def close_abandoned(self, owners: Collection[str]) -> list[Row]:
        """End the calls of ``owners``, whose leases have lapsed; the records that were closed."""
        with self._engine.connect() as connection:
            which = leases.lapsed(engine.now(connection)) & CALLS.c.owner.in_(owners)
            keys = connection.execute(sa.select(CALLS.c.agent, CALLS.c.id).where(which)).all()
        # one by one, so that a call that can't be closed holds up no other
        return [record for key in keys if (record := self._close(*key)) is not None]

    def _close(self, agent: str, call_id: str) -> Row | None:
        with self._engine.begin() as connection:
            now = engine.now(connection)
            this = is_call(agent, call_id) & leases.lapsed(now)
            query = sa.select(CALLS, leases.expiry().label("expires")).where(this)
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            record, stored = leases.closed(row)
            values = {"ended": record["ended"], "record": stored, "resume": None}
            if not connection.execute(sa.update(CALLS).where(this).values(values)).rowcount:
                return None
            if row["webhook"] and analyses.is_whole(record):
                outbox.put(connection, [record], now)
            return record

    def forget(self, before: datetime, most: int = FORGOTTEN) -> int:
        """Delete what ended before ``before``, of calls the ``most`` that are oldest; how many there were."""
        old = sa.select(CALLS.c.agent, CALLS.c.id).where(CALLS.c.ended < before.isoformat())
        old = old.order_by(CALLS.c.ended).limit(most)
        with self._engine.begin() as connection:
            outbox.forget(connection, before, now := engine.now(connection))
            hourly.forget(connection, before)
            leases.forget(connection, now)
            these = sa.tuple_(CALLS.c.agent, CALLS.c.id).in_(old)
            return connection.execute(sa.delete(CALLS).where(these)).rowcount

    def now(self) -> datetime:
        """The time by the store's clock."""
        with self._engine.connect() as connection:
            return engine.now(connection)

    def get(self, call_id: str, agent: str | None = None) -> dict[str, Any] | None:
        """One record; the newest, should two agents have one of that id."""
        which = CALLS.c.id == call_id if agent is None else is_call(agent, call_id)
        newest = sa.select(CALLS).where(which).order_by(CALLS.c.started.desc()).limit(1)
        return next((record for _, record in reading.read(self._engine, newest)), None)

    def began(self, call_id: str, agent: str) -> str | None:
        """When a call began; None where there is none. Its record is not read."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(CALLS.c.started).where(is_call(agent, call_id))).scalar()

    def ids(self, prefix: str, most: int = 10) -> list[str]:
        """The ids of calls that begin with ``prefix``, the newest first."""
        which = CALLS.c.id.startswith(prefix, autoescape=True)
        query = sa.select(CALLS.c.id, CALLS.c.started).where(which).order_by(CALLS.c.started.desc())
        with self._engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(query.limit(most)).scalars()))

    def find(self, wanted: CallQuery, parts: Collection[Part] = ()) -> Iterator[dict[str, Any]]:
        """Records, the newest first; of each those of its ``parts`` alone, if some are named."""
        rows = (row for row in self._pages(wanted, parts) if not (wanted.up and row["ended"]))
        yield from itertools.islice(filter(wanted.where or bool, rows), wanted.most)

    def _pages(self, wanted: CallQuery, parts: Collection[Part]) -> Iterator[dict[str, Any]]:
        """Records by pages, each read at once: no transaction waits for who reads them."""
        dialect, most = self._engine.dialect.name, None if wanted.where else wanted.most
        # what a search looks into are some of the newest
        page = replace(wanted, where=None, most=most if wanted.has else min(most or _PAGE, _PAGE))
        while True:
            rows = reading.parts_of(self._engine, call_selection.keys(page, dialect, self.search), parts)
            yield from (record for _, record in rows)
            if wanted.has or len(rows) < (page.most or 0) or not rows:
                return
            last = rows[-1][0]
            page = replace(page, skip=0, after=(last["started"], last["id"], last["agent"]))

    def versions(self, wanted: CallQuery) -> Sequence[tuple[Row, VersionFigures]]:
        """As ``find``, the names and times of calls, and what versions of their spec are compared by."""
        keys = call_selection.keys(wanted, self._engine.dialect.name, self.search)
        return reading.versions_of(self._engine, keys)

    def last_searched(self, wanted: CallQuery) -> str | None:
        """When the oldest call began that a search looks into; None where it looks into all there are."""
        with self._engine.connect() as connection:
            return connection.execute(call_selection.last_searched(wanted, self.search)).scalar()

    def close(self) -> None:
        """Let go of every connection."""
        engine.let_go(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
