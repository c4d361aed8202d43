"""Support for connection poolers such as PgBouncer, which lend a connection per transaction.

What a session keeps is lost there, or is another one's: settings go with each transaction instead, and no
statement is prepared. https://www.pgbouncer.org/features.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

_POOLED = "agentrun_pooled"
_SETTING = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\\\s])*)")
"""As in libpq's options: -c name=value or --name=value, in which a backslash keeps what follows it."""
_HINTS = {
    "unsupported startup parameter": "write ignore_startup_parameters = options in pgbouncer.ini",
    "statement pooling mode": "write pool_mode = transaction in pgbouncer.ini",
}
"""By what PgBouncer refuses with."""


def keep_to_transactions(engine: sa.Engine, options: str) -> None:
    """Have the engine's connections leave nothing to a later transaction where a pooler stands between.

    ``options`` are what libpq is given, of which a pooler passes nothing on. Other drivers than psycopg stay
    as they are.
    """
    if engine.dialect.driver != "psycopg":
        return
    settings = dict(_settings(options))
    names = [value for pair in settings.items() for value in pair]
    statement = f"SELECT {', '.join(['set_config(%s, %s, true)'] * len(settings))}"

    @sa.event.listens_for(engine, "connect")
    def look(connection: Any, record: Any) -> None:
        connection.autocommit = True
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        connection.autocommit = False
        # a pooler has a number of its own for whoever is connected with it
        record.info[_POOLED] = backend != connection.info.backend_pid
        if record.info[_POOLED]:
            connection.prepare_threshold = None

    @sa.event.listens_for(engine, "begin")
    def set_up(connection: sa.Connection) -> None:
        if settings and connection.connection.info.get(_POOLED):
            connection.exec_driver_sql(statement, tuple(names))


def is_between(connection: sa.PoolProxiedConnection) -> bool:
    """Whether the connection is with a pooler."""
    return bool(connection.info.get(_POOLED))


def hint(words: str, otherwise: str) -> str:
    """What to do about a database that can't be opened: where a pooler refuses it with ``words``, its part.

    >>> hint("FATAL:  unsupported startup parameter: options", "see --records")
    'write ignore_startup_parameters = options in pgbouncer.ini'
    """
    return next((step for refusal, step in _HINTS.items() if refusal in words), otherwise)


def _settings(options: str) -> Iterator[tuple[str, str]]:
    r"""The settings in libpq's options; of two of one name the last is meant.

    >>> dict(_settings(r"-c statement_timeout=15000 --search-path=calls,public -cx.y=a\ b"))
    {'statement_timeout': '15000', 'search_path': 'calls,public', 'x.y': 'a b'}
    """
    for name, value in _SETTING.findall(options):
        yield name.replace("-", "_"), re.sub(r"\\(.)", r"\1", value)
