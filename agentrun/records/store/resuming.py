"""Lets another server take over a call that has lost its server, once.

The row's key says who writes it. Each resumption gives it another one of the same record, ``KEY.1`` and then
``KEY.2``: who still holds an earlier one writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.storable import storable
from agentrun.records.store import engine
from agentrun.records.store.tables import CALLS, KEY, LEASES


@dataclass(frozen=True)
class ResumedRow:
    """A call that is this server's now: its record, what else is stored of it, and how many seconds ago.

    The record is as it stands there, in whatever shape another version has written it.
    """

    record: Mapping[str, Any]
    snapshot: Mapping[str, Any]
    key: str
    age: float


class ResumingTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, bind: sa.Engine) -> None:
        self._engine = bind

    def times(self, agent: str, call_id: str) -> int | None:
        """How often a call that is up has been resumed before; None for one that can't be."""
        query = sa.select(CALLS.c.key).where(_open(agent, call_id))
        with self._engine.connect() as connection:
            key = connection.execute(query).scalar()
        return None if key is None else _times(key)

    def take(self, agent: str, call_id: str, owner: str, times: int) -> ResumedRow | None:
        """The call, for ``owner`` alone; None where it is over, or was not resumed ``times`` before."""
        with self._engine.begin() as connection:
            query = sa.select(CALLS.c.key, CALLS.c.seen).where(_open(agent, call_id))
            key, seen = connection.execute(query).first() or (None, "")
            if key is None or _times(key) != times:
                return None
            now = engine.now(connection)
            age = max(0.0, (now - datetime.fromisoformat(seen)).total_seconds())
            mine = f"{_record(key)}.{times + 1}"
            # of two that ask at once the second waits for the row, and then finds another key in it
            change = sa.update(CALLS).where(_open(agent, call_id), CALLS.c.key == key)
            change = change.values(key=mine, owner=owner, seen=now.isoformat())
            row = (
                connection.execute(change.returning(*KEY, CALLS.c.record, CALLS.c.resume)).mappings().first()
            )
            if row is None:
                return None
            return ResumedRow(record_shape.written(row["record"], row), storable(row["resume"]), mine, age)

    def let_go(self, agent: str, call_id: str, key: str) -> None:
        """A call that was taken with ``key`` by a server that has no use for it any more is nobody's."""
        this = (CALLS.c.agent == agent) & (CALLS.c.id == call_id) & (CALLS.c.key == key)
        with self._engine.begin() as connection:
            connection.execute(sa.update(CALLS).where(this).values(owner=""))

    def is_elsewhere(self, agent: str, call_id: str, key: str) -> bool:
        """Whether the call was resumed since its record had ``key``."""
        query = sa.select(CALLS.c.key).where(CALLS.c.agent == agent, CALLS.c.id == call_id)
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar()
        return stored != key and is_of_one_record(stored, key)

    def has_others(self, owner: str) -> bool:
        """Whether another server than ``owner`` writes here at the moment, which may resume its calls."""
        with self._engine.connect() as connection:
            lives = LEASES.c.expires > engine.now(connection).timestamp()
            query = sa.select(LEASES.c.owner).where(lives, LEASES.c.owner != owner).limit(1)
            return connection.execute(query).first() is not None


def is_of_one_record(stored: str | None, key: str) -> bool:
    """Whether two keys are of one record, which may have been resumed in between.

    >>> is_of_one_record("5f0c.2", "5f0c"), is_of_one_record("aaaa", "5f0c"), is_of_one_record(None, "5f0c")
    (True, False, False)
    """
    return stored is not None and _record(stored) == _record(key)


def _record(key: str) -> str:
    return key.partition(".")[0]


def _times(key: str) -> int:
    times = key.partition(".")[2]
    return int(times) if times.isdecimal() else 0


def _open(agent: str, call_id: str) -> sa.ColumnElement[bool]:
    this = (CALLS.c.agent == agent) & (CALLS.c.id == call_id)
    return this & CALLS.c.ended.is_(None) & CALLS.c.resume.is_not(None) & (CALLS.c.key != "")
