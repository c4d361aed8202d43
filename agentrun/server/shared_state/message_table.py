"""Messages between processes: each is read once, by its recipient or its substitute."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from loguru import logger

from agentrun.records.store.engine import shown
from agentrun.records.store.postgresql import pooler
from agentrun.server.shared_state.backend import LEASE_SECONDS, Message
from agentrun.server.shared_state.database import now, transaction
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.shared_state.tables import MESSAGES, PROCESSES

POLL_SECONDS = 0.25
"""How often SQLite is asked for messages: it can't say that there are some."""
POOLED_SECONDS = 1.0
"""How often PostgreSQL is, behind a pooler, where nobody can listen; of a hundred machines each asks."""
MESSAGE_SECONDS = 10 * LEASE_SECONDS
WAKE_SECONDS = 1.0
MOST_MESSAGES = 1_000
"""Of one process that it has not read."""


class MessageTable:
    """Every method blocks, may be called from any thread, and raises what the database raises."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._poll_seconds = None if self._is_postgresql else POLL_SECONDS
        self._listening: Any = None
        self._owner = ""
        self._closed = False
        self._listeners = threading.Lock()

    def tell(self, owner: str, message: Message) -> bool:
        """Leave a message for another process; whether that is there, and reads them."""
        with transaction(self._engine) as connection:
            moment = now(connection)
            there = sa.select(PROCESSES.c.id).where(
                (PROCESSES.c.id == owner) & (PROCESSES.c.expires > moment)
            )
            unread = sa.select(sa.func.count()).select_from(MESSAGES).where(MESSAGES.c.owner == owner)
            if connection.execute(there).first() is None:
                return False
            if connection.execute(unread).scalar_one() >= MOST_MESSAGES:
                return False
            values = {"owner": owner, "kind": message.kind, "body": dict(message.body)}
            connection.execute(sa.insert(MESSAGES).values(**values, expires=moment + MESSAGE_SECONDS))
            if self._is_postgresql:
                connection.execute(sa.select(sa.func.pg_notify(_channel(owner), "")))
            return True

    def read(self, owner: str) -> list[Message]:
        """The messages for ``owner`` and those for processes that are gone, the oldest first, each once."""
        with self._engine.connect() as connection:
            if connection.execute(_for(owner, now(connection)).limit(1)).first() is None:
                return []
        with transaction(self._engine) as connection:
            query = _for(owner, now(connection)).order_by(MESSAGES.c.id)
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
            unread = MESSAGES.c.id.in_([row.id for row in rows])
            connection.execute(sa.delete(MESSAGES).where(unread))
            return [Message(row.kind, row.body) for row in rows]

    def listen(self, owner: str, seconds: float) -> None:
        """Return when there may be a message for ``owner``, after so many seconds at the latest.

        PostgreSQL says so on a connection that is kept for it, unless a pooler stands between, which would
        lend that to others; then it is asked again, as SQLite is.
        """
        if self._poll_seconds is not None:
            time.sleep(min(seconds, self._poll_seconds))
            return
        with self._listeners:
            if self._closed:
                return
            try:
                connection = self._listening or self._begin_to_listen(owner)
                if connection is None:
                    return
                if self._closed:
                    # whoever closed found nothing to close, for this one was just being made
                    connection.close()
                    return
                for _ in connection.notifies(timeout=seconds, stop_after=1):
                    pass
            except self._engine.dialect.loaded_dbapi.Error as error:
                if self._listening is not None:
                    self._listening.close()
                self._listening = None
                raise DatabaseDownError from error

    def _begin_to_listen(self, owner: str) -> Any:
        pooled = self._engine.raw_connection()
        if pooler.is_between(pooled):
            pooled.close()
            self._poll_seconds = POOLED_SECONDS
            words = "a pooler stands before {}: messages of other machines are looked for every {:g} s. "
            words += "To have them at once, give --shared the database's own address"
            logger.warning(words, shown(str(self._engine.url)), POOLED_SECONDS)
            return None
        pooled.detach()
        connection: Any = pooled.dbapi_connection
        connection.autocommit = True
        self._listening, self._owner = connection, owner
        connection.execute(f'LISTEN "{_channel(owner)}"')
        return connection

    def close(self) -> None:
        """Listen no more; whoever listens in another thread is woken."""
        self._closed = True
        if self._listening is None:
            return
        with suppress(sa.exc.SQLAlchemyError), self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_notify(_channel(self._owner), "")))
        is_free = self._listeners.acquire(timeout=WAKE_SECONDS)
        if (listening := self._listening) is not None:
            listening.close()
        if is_free:
            self._listeners.release()


def _channel(owner: str) -> str:
    """PostgreSQL's names have at most 63 bytes."""
    return f"agentrun_{hashlib.sha256(owner.encode()).hexdigest()[:32]}"


def _for(owner: str, moment: float) -> sa.Select[Any]:
    there = sa.select(PROCESSES.c.id).where(PROCESSES.c.expires > moment)
    return sa.select(MESSAGES).where((MESSAGES.c.owner == owner) | MESSAGES.c.owner.not_in(there))
