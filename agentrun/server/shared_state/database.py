"""Queries the shared database with short timeouts."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from agentrun.records.store import answered, engine
from agentrun.records.store.open_errors import opening
from agentrun.records.store.postgresql import connecting

DECIDE_SECONDS = 0.4
"""How long a caller waits for a decision of the database's; then it is taken without it."""
STATEMENT_MS = 2_000
"""A statement takes a millisecond; nobody waits for one that takes longer than this."""
_OPTIONS = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={STATEMENT_MS} -c synchronous_commit=off"
"""Decisions don't wait for the disk, so a crashing database may lose those of its last half second."""
MOST_CONNECTIONS = 4
"""Of one process, beside the one on which it listens."""
VERSIONS = "shared_version"
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str, on_steps: Callable[[], None] = engine.ignore) -> sa.Engine:
    """The database at ``url``, brought up to date; blocks, and raises SetupError where that can't be done.

    ``on_steps`` is told where tables lack something.
    """
    example = "--shared postgresql+psycopg://…, or --shared none"
    with opening(url, "--shared", kind="a database", example=example, failed="nothing can be shared"):
        parsed = engine.parsed(url)
        found = _postgresql(parsed) if parsed.get_backend_name() == "postgresql" else _sqlite(parsed)
        with found.begin() as connection:
            engine.migrate(connection, _MIGRATIONS, VERSIONS, on_steps)
            answered.prepare(connection)
    return found


def _postgresql(url: sa.URL) -> sa.Engine:
    few = {"pool_size": MOST_CONNECTIONS, "max_overflow": 0, "pool_timeout": DECIDE_SECONDS}
    return connecting.make(url, 2, _OPTIONS, **few)


def _sqlite(url: sa.URL) -> sa.Engine:
    """One file of the processes of a machine, which stays whole when that loses its power."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        raise sa.exc.ArgumentError
    found = sa.create_engine(url, connect_args={"check_same_thread": False, "isolation_level": None})
    engine.set_up_sqlite(found, STATEMENT_MS, "NORMAL")
    return found


@contextlib.contextmanager
def transaction(found: sa.Engine) -> Iterator[sa.Connection]:
    """One decision: nothing that the block reads changes before the block has written.

    SQLite lets one writer in at a time; at PostgreSQL the block locks what it decides about.
    """
    with found.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def now(connection: sa.Connection) -> float:
    """Unix seconds by the database's clock."""
    return engine.now(connection).timestamp()


def short(name: str, most: int = 255) -> str:
    """``name``, or a digest of it where it does not fit, or has what PostgreSQL stores in no text."""
    raw = name.encode("utf-8", "backslashreplace")
    if len(name) <= most and b"\0" not in raw and raw.decode() == name:
        return name
    return hashlib.sha256(raw).hexdigest()
