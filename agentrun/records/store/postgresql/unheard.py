"""Closes PostgreSQL connections on which nothing is received for too long.

Another program than the database may keep a connection alive: a pooler that hangs, or a proxy that has lost
what it was given. TCP sees nothing of that, and libpq waits for ever, in a thread that is lost meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import cache
from typing import Any

import sqlalchemy as sa

HEARD_SECONDS = 20.0
"""How long nothing may be heard: five seconds more than a statement may take before the server ends it.

An answer of which more comes all the time takes as long as it takes.
"""
Heeding = Generator[Any, Any, Any]


def end_unheard(engine: sa.Engine, options: str = "") -> None:
    """Have the engine's connections raise the driver's OperationalError after ``HEARD_SECONDS`` of nothing.

    Nothing is changed for other drivers than psycopg, nor where the user's own ``options`` say how long a
    statement may take.
    """
    if engine.dialect.driver != "psycopg" or "statement_timeout" in options:
        return

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
        made = _connection().connect(*arguments, **parameters)
        made.heard_within = HEARD_SECONDS
        return made

    @sa.event.listens_for(engine, "checkin")
    def hurry_again(connection: Any, _record: object) -> None:
        if connection is not None:
            connection.heard_within = HEARD_SECONDS


def wait_for_ever(connection: sa.Connection) -> None:
    """Have ``connection`` wait for as long as it takes, until it is given back."""
    driver: Any = connection.connection.dbapi_connection
    driver.heard_within = None


@cache
def _connection() -> Any:
    """psycopg's connection, imported where there is a PostgreSQL."""
    import psycopg

    class HeardConnection(psycopg.Connection[Any]):
        heard_within: float | None = None

        def wait(self, gen: Heeding, *arguments: Any, **parameters: Any) -> Any:
            if self.heard_within is None or parameters.get("timeout") is not None:
                return super().wait(gen, *arguments, **parameters)
            return super().wait(_watched(gen, self.heard_within, self._end), *arguments, **parameters)

        def _end(self) -> None:
            # nobody knows what becomes of what was asked: nothing more may be asked here
            self.pgconn.finish()
            raise psycopg.OperationalError(f"nothing was heard from the server for {self.heard_within:g} s")

    return HeardConnection


def _watched(work: Heeding, seconds: float, end: Callable[[], None]) -> Heeding:
    """``work`` on a connection, which is woken now and then although nothing has come."""
    ends = time.monotonic() + seconds
    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if ready:
                ends = time.monotonic() + seconds
            elif time.monotonic() >= ends:
                end()
            wanted = work.send(ready)
    except StopIteration as done:
        return done.value
