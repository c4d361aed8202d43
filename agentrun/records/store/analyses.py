"""Calls in the store whose analysis is still to be made.

The server that had a call analyses it. One that is killed, or stops before it has, leaves the call waiting;
once its lease has lapsed another server takes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.storable import storable
from agentrun.records.store import engine, leases
from agentrun.records.store.tables import CALLS
from agentrun.records.webhook import outbox

WAITING = "waiting"
Row = Mapping[str, Any]


def state(row: Row) -> str:
    """The state of a record's analysis, nothing where it has none.

    >>> state({"analysis": {"state": "waiting"}})
    'waiting'
    """
    return str((row.get("analysis") or {}).get("state") or "")


def is_whole(row: Row) -> bool:
    """Whether nothing is missing of a record any more: its call has ended, and its analysis is there."""
    return bool(row.get("ended")) and state(row) != WAITING


class AnalysisTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def claim(self, agents: Collection[str], owner: str, own: Collection[str], most: int) -> list[Row]:
        """Up to ``most`` ended calls of ``agents`` to be analysed, the oldest first, for ``owner`` alone.

        They are those of servers that have gone, and its own, but for the records with keys in ``own``, which
        it looks after otherwise. ``analysis.starts`` of each counts how often somebody has begun.
        """
        with self._engine.begin() as connection:
            now = engine.now(connection)
            which = (CALLS.c.analysis == WAITING) & CALLS.c.agent.in_(agents) & CALLS.c.ended.is_not(None)
            free = (CALLS.c.owner == owner) | leases.gone(now)
            query = sa.select(CALLS).where(which & free & CALLS.c.key.not_in(own))
            rows = connection.execute(query.order_by(CALLS.c.started).limit(most)).mappings().all()
            claimed = (self._take(connection, row, owner, now.isoformat()) for row in rows)
            return [record for record in claimed if record is not None]

    def _take(self, connection: sa.Connection, row: sa.RowMapping, owner: str, now: str) -> Row | None:
        record = record_shape.stored(row["record"], row)
        record["analysis"] = {"state": WAITING, "starts": _starts(record) + 1}
        whole = record_shape.rewritten(row["record"], row, {"analysis": record["analysis"]})
        # of two servers that look at the same time, one finds the row as it was
        same = _is(row) & (CALLS.c.owner == row["owner"]) & (CALLS.c.seen == row["seen"])
        values = {"owner": owner, "seen": now, "record": whole}
        count = connection.execute(sa.update(CALLS).where(same).values(values)).rowcount
        return record if count else None

    def settle(self, agent: str, call_id: str, owner: str, parts: Row) -> bool:
        """Write the ``parts`` of a record that its analysis changes, and have it sent; whether that was done.

        Nothing is done when the call is not ``owner``'s any more.
        """
        with self._engine.begin() as connection:
            now = engine.now(connection)
            which = (CALLS.c.agent == agent) & (CALLS.c.id == call_id) & (CALLS.c.owner == owner)
            row = connection.execute(sa.select(CALLS).where(which)).mappings().first()
            if row is None or row["analysis"] != WAITING:
                return False
            changed = storable(parts)
            record = {**record_shape.stored(row["record"], row), **changed}
            whole = record_shape.rewritten(row["record"], row, changed)
            values = {"record": whole, "analysis": state(record), "seen": now.isoformat()}
            done = connection.execute(sa.update(CALLS).where(which).values(values)).rowcount
            if done and row["webhook"]:
                outbox.put(connection, [record], now)
            return bool(done)


def _starts(record: Row) -> int:
    starts = record["analysis"].get("starts")
    return starts if type(starts) is int else 0


def _is(row: sa.RowMapping) -> sa.ColumnElement[bool]:
    return sa.and_(CALLS.c.agent == row["agent"], CALLS.c.id == row["id"])
