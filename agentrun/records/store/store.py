"""Where records of calls are kept: one SQLite file, or PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql, sqlite

from agentrun.errors import SetupError
from agentrun.records.store import answered
from agentrun.records.store.tables import CALLS
from agentrun.records.webhook import outbox

DEFAULT = "sqlite:///agentrun-calls.sqlite3"
CUT_OFF = "the process was killed"
_MIGRATIONS = Path(__file__).parent / "migrations"
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_BUSY_MS = 10_000
_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(4720001)"}
"""What lets one process at a time bring a store up to date, as the workers of a server do at once."""
Row = Mapping[str, Any]
"""A record as ``CallRecord.as_json`` gives it."""


@dataclass(frozen=True)
class CallQuery:
    """Which calls: of one ``agent``, begun ``since``, the newest ``most``."""

    agent: str | None = None
    since: datetime | None = None
    most: int | None = None


class Store:
    """Reads and writes records; every method blocks, and may be called from any thread.

    >>> from agentrun.records import CallRecord
    >>> store = Store("sqlite://")
    >>> store.save([CallRecord("CA1", "desk", "twilio").as_json()], "a server")
    >>> [row["id"] for row in store.find(CallQuery())]
    ['CA1']
    """

    def __init__(self, url: str) -> None:
        """Open the store at ``url`` and bring it up to date; raises SetupError where that can't be done."""
        try:
            self._engine = _engine(url)
            with self._engine.begin() as connection:
                _migrate(connection)
                answered.prepare(connection)
        except sa.exc.ArgumentError:
            raise SetupError(f"'{_shown(url)}' is no address of a store", f"write {DEFAULT}") from None
        except ModuleNotFoundError as error:
            hint = "pip install 'agentrun[postgresql]'"
            raise SetupError(f"records need {error.name}, which is not installed", hint) from None
        except (sa.exc.SQLAlchemyError, CommandError) as error:
            words = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise SetupError(
                f"records can't be kept at {_shown(url)}: {words}", "see --records, or --records none"
            ) from None
        self._insert = _INSERTS[self._engine.dialect.name]
        self.outbox = outbox.Outbox(self._engine)
        self.answered = answered.AnsweredTable(self._engine)

    def save(self, rows: Sequence[Row], owner: str, webhooks: Collection[str] = ()) -> None:
        """Write ``rows``, new or known; raises sqlalchemy.exc.SQLAlchemyError.

        Those of the agents in ``webhooks`` are put into the outbox when they have ended.
        """
        if not rows:
            return
        seen = _now()
        values = [
            {key: row[key] for key in ("agent", "id", "started", "ended")}
            | {"record": dict(row), "owner": owner, "seen": seen, "webhook": row["agent"] in webhooks}
            for row in rows
        ]
        statement = self._insert(CALLS)
        changed = {key: statement.excluded[key] for key in ("ended", "record", "owner", "seen", "webhook")}
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["agent", "id"], set_=changed), values
            )
            outbox.put(connection, [row for row in rows if row["ended"] and row["agent"] in webhooks])

    def touch(self, owner: str) -> None:
        """Say that ``owner`` is alive, and its open calls with it."""
        mine = (CALLS.c.owner == owner) & CALLS.c.ended.is_(None)
        with self._engine.begin() as connection:
            connection.execute(sa.update(CALLS).where(mine).values(seen=_now()))

    def close_abandoned(self, after: float) -> int:
        """End the calls of which nothing was heard for ``after`` seconds; how many there were."""
        latest = (datetime.now(UTC) - timedelta(seconds=after)).isoformat()
        lost = CALLS.c.ended.is_(None) & (CALLS.c.seen < latest)
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(CALLS).where(lost)).mappings().all()
            for row in found:
                end = {"ended": row["seen"], "ended_by": "error", "reason": CUT_OFF}
                this = (CALLS.c.agent == row["agent"]) & (CALLS.c.id == row["id"]) & lost
                values = {"ended": row["seen"], "record": {**row["record"], **end}}
                closed = connection.execute(sa.update(CALLS).where(this).values(values)).rowcount
                if closed and row["webhook"]:
                    outbox.put(connection, [values["record"]])
        return len(found)

    def forget(self, before: datetime) -> int:
        """Delete what ended before ``before``; how many there were."""
        old = CALLS.c.ended < before.isoformat()
        with self._engine.begin() as connection:
            outbox.forget(connection, before)
            return connection.execute(sa.delete(CALLS).where(old)).rowcount

    def get(self, call_id: str, agent: str | None = None) -> dict[str, Any] | None:
        """One record; the newest, should two agents have one of that id."""
        which = CALLS.c.id == call_id
        if agent is not None:
            which &= CALLS.c.agent == agent
        query = sa.select(CALLS.c.record).where(which).order_by(CALLS.c.started.desc()).limit(1)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return dict(found) if found else None

    def find(self, wanted: CallQuery) -> Iterator[dict[str, Any]]:
        """Records, the newest first."""
        query = sa.select(CALLS.c.record).order_by(CALLS.c.started.desc(), CALLS.c.id)
        if wanted.agent:
            query = query.where(CALLS.c.agent == wanted.agent)
        if wanted.since:
            query = query.where(CALLS.c.started >= wanted.since.astimezone(UTC).isoformat())
        with self._engine.connect() as connection:
            for record in connection.execute(query.limit(wanted.most)).scalars():
                yield dict(record)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() not in _INSERTS:
        raise sa.exc.ArgumentError
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 5})
    memory = {"poolclass": sa.StaticPool} if parsed.database in (None, "", ":memory:") else {}
    engine = sa.create_engine(parsed, connect_args={"check_same_thread": False}, **memory)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in (f"busy_timeout = {_BUSY_MS}", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}").close()
        # the file stays in this mode; SQLite does not wait for another process that is just setting it
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL").close()

    return engine


def _migrate(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    connection.exec_driver_sql(_ALONE[connection.dialect.name])
    command.upgrade(config, "head")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _shown(url: str) -> str:
    """The address without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return url.split("@")[-1]
