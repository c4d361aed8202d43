"""Opens a store's database, migrates it, and reads its clock."""

from __future__ import annotations

import contextlib
import importlib
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from loguru import logger

from agentrun.errors import SetupError
from agentrun.records.store.postgresql import connecting, unheard
from agentrun.records.store.private_file import keep_private
from agentrun.records.store.queries import call_conditions

BUSY_MS = 10_000
"""How long SQLite waits for another process that writes."""
STATEMENT_MS = 15_000
"""How long PostgreSQL works on one statement; one of ours takes milliseconds."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_COLOURS = "mako.ext.pygmentplugin"
VERSIONS = "alembic_version"
"""The table that says which steps a store has."""
_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(4720001)"}
"""What lets one process at a time bring a store up to date, as the workers of a server do at once."""
_USERS = re.compile(r"^([^:/?#]+://[^:/@]*:).*@", re.DOTALL)
"""Up to the last @: a password may have one that should be %40."""
_PASSWORDS = re.compile(r"([?&][^=&#]*pass(?:word|wd)[^=&#]*=)[^&#]*", re.IGNORECASE)
"""Of what libpq takes as a parameter: password and sslpassword."""
_NOW = sa.text("SELECT extract(epoch FROM clock_timestamp())")


def make(url: str) -> sa.Engine:
    """An engine for a store's address; raises sqlalchemy.exc.ArgumentError for what is none."""
    address = parsed(url)
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise sa.exc.ArgumentError
    if address.get_backend_name() == "postgresql":
        return _postgresql(address)
    memory = {"poolclass": sa.StaticPool} if address.database in (None, "", ":memory:") else {}
    if address.database and not memory and not address.database.startswith("file:"):
        keep_private(Path(address.database))
    engine = sa.create_engine(address, connect_args={"check_same_thread": False}, **memory)
    set_up_sqlite(engine, BUSY_MS, "NORMAL")
    return engine


def set_up_sqlite(engine: sa.Engine, busy_ms: int, synchronous: str) -> None:
    """Have each connection wait ``busy_ms`` for a writer, and for the disk as ``synchronous`` says.

    Readers and a writer don't wait for each other. https://www.sqlite.org/pragma.html
    """

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        call_conditions.prepare(connection)
        for pragma in (f"busy_timeout = {busy_ms}", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {pragma}").close()
        # the file stays in this mode; SQLite does not wait for another process that is just setting it
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL").close()


def let_go(engine: sa.Engine) -> None:
    """Close each connection of ``engine``; one that a thread still works on is closed once that is done."""

    @sa.event.listens_for(engine.pool, "checkin")
    def close(_connection: object, record: Any) -> None:
        record.invalidate()

    engine.dispose()


def insertion(kind: str) -> Any:
    """The INSERT of ``kind``, sqlite or postgresql, that knows what to do on a conflict.

    Only that one is imported: PostgreSQL's takes 0.1 s.
    """
    return importlib.import_module(f"sqlalchemy.dialects.{kind}").insert


def begin_snapshot(connection: sa.Connection) -> None:
    """Have all that ``connection`` reads from now on be of one moment; it must not have read anything yet."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif not getattr(connection.connection.dbapi_connection, "in_transaction", False):
        # the standard library's driver begins one with the first write alone
        connection.exec_driver_sql("BEGIN")


def ignore() -> None:
    """Do nothing: for those whom a step does not concern."""


def migrate(
    connection: sa.Connection,
    steps: Path = _MIGRATIONS,
    versions: str = VERSIONS,
    on_steps: Callable[[], None] = ignore,
) -> None:
    """Run the ``steps`` that a database lacks; ``versions`` is the table that says which it has.

    ``on_steps`` is told where it lacks any: they take their time, and so does the wait for another process
    that is running them. A database that a newer agentrun has brought further stays as it is: steps only add,
    and what they add may be left out, so that old and new serve side by side while they are being exchanged.
    """
    if _newest(steps) in _had(connection, versions):
        connection.exec_driver_sql(_ALONE[connection.dialect.name])
    else:
        on_steps()
        _wait_to_be_alone(connection)
    if _newest(steps) not in _had(connection, versions):
        # Alembic is for the few starts that need it
        with _without_colours():
            from agentrun.records.store import schema_steps

        schema_steps.run(connection, steps, versions)


@contextlib.contextmanager
def _without_colours() -> Iterator[None]:
    """Have Mako, with which Alembic writes new steps, do without Pygments for its pages of errors: 4 MB."""
    known = _COLOURS in sys.modules
    modules: dict[str, Any] = sys.modules
    modules.setdefault(_COLOURS, None)
    try:
        yield
    finally:
        if not known:
            modules.pop(_COLOURS, None)


def _wait_to_be_alone(connection: sa.Connection) -> None:
    """Wait for as long as another process runs steps, or writes; Ctrl-C is heard meanwhile."""
    alone = _ALONE[connection.dialect.name]
    if connection.dialect.name == "postgresql":
        before = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        unheard.wait_for_ever(connection)
        connection.exec_driver_sql(alone)
        # a step that waits for a table keeps everybody else from it
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")
        return
    while True:
        try:
            connection.exec_driver_sql(alone)
        except sa.exc.OperationalError as error:
            # it was waited for as long as SQLite waits for any writer, which nothing can break into
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                raise
            logger.warning("another process writes to {}: waiting for it", shown(str(connection.engine.url)))
        else:
            return


def _newest(steps: Path) -> str:
    """The number of the last step: ``step_0007_words.py`` is revision 0007."""
    return max(path.name.split("_")[1] for path in (steps / "versions").glob("step_*.py"))


def _had(connection: sa.Connection, versions: str) -> list[str]:
    if not sa.inspect(connection).has_table(versions):
        return []
    column = sa.column("version_num", sa.String)
    return list(connection.scalars(sa.select(column).select_from(sa.table(versions))))


def now(connection: sa.Connection) -> datetime:
    """The time by the database's clock: the one that all servers of a store share.

    SQLite has none of its own: it asks this machine's, as is done here without a query.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    return datetime.fromtimestamp(float(connection.execute(_NOW).scalar_one()), UTC)


def parsed(url: str) -> sa.URL:
    """A database's address; raises sqlalchemy.exc.ArgumentError for what is none.

    Raises SetupError for a second @, as of a password, of which a part would be taken for the host and shown.
    """
    address = url.partition("?")[0]
    if address.startswith("postgresql") and address.count("@") > 1:
        if ":" in address.partition("://")[2].partition("@")[0]:
            message = f"the password in {shown(url)} has an @, and what follows it is taken for the host"
            raise SetupError(message, "write %40 for it, or leave the password out and export PGPASSWORD=…")
        message = f"{shown(url)} has a second @, and no password before it"
        raise SetupError(message, "write %40 for an @ in the name of a user or of a database")
    try:
        return sa.make_url(url)
    except ValueError:
        # what was taken for the port is no number
        raise sa.exc.ArgumentError from None


def shown(url: str) -> str:
    """The address without its password, also where that has marks that should have been encoded.

    >>> shown("postgresql+psycopg://me:hunter2@db/calls"), shown("postgresql://me:p@ss@db/calls?sslpassword=x")
    ('postgresql+psycopg://me:***@db/calls', 'postgresql://me:***@db/calls?sslpassword=***')
    """
    try:
        sa.make_url(url)
    except sa.exc.ArgumentError:
        return url.rpartition("@")[2]
    except ValueError:
        pass  # what follows an @ in the password
    return _PASSWORDS.sub(r"\1***", _USERS.sub(r"\1***@", url, count=1))


def unreadable(url: str, error: sa.exc.SQLAlchemyError) -> SetupError:
    """What is said where a store that was open can't be read any more."""
    words = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return SetupError(f"records at {shown(url)} can't be read: {words}", "see whether the database answers")


def _postgresql(url: sa.URL) -> sa.Engine:
    options = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={BUSY_MS}"
    return connecting.make(url, 5, options, pool_timeout=5)
