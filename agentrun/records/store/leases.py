"""Which servers of a store are alive: each holds a lease and renews it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.call_record import EndedBy
from agentrun.records.resumption import RINGS
from agentrun.records.store.tables import CALLS, LEASES

LEASE_SECONDS = 20.0
"""A server that has said nothing for so long may be dead."""
CUT_OFF = "the process was killed"
"""Why a call has ended whose server is not heard of."""
_KILLED = {"ended_by": "error", "reason": CUT_OFF}
_RINGS_UNTIL = "rings_until"
"""In a snapshot beside ``RINGS``: until when the caller may come back, by the database's clock."""
CONFIRM_SECONDS = 10.0
"""How long a lapsed lease must not have moved before its calls are closed: clocks may be set."""


def renew(connection: sa.Connection, insert: Callable[[sa.Table], Any], owner: str, now: datetime) -> None:
    """``owner`` is alive at ``now``, the database's time."""
    values = {"owner": owner, "expires": now.timestamp() + LEASE_SECONDS, "beat": 0}
    statement = insert(LEASES).values(values)
    changed = {"expires": statement.excluded.expires, "beat": LEASES.c.beat + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=changed))


def lapsed(now: datetime) -> sa.ColumnElement[bool]:
    """The calls that are up by their rows, and whose server is not by its lease.

    One that rings where its caller was transferred to needs no server until nobody has answered there.
    """
    until = sa.func.coalesce(CALLS.c.resume[_RINGS_UNTIL].as_string(), "")
    return CALLS.c.ended.is_(None) & gone(now) & (until <= now.isoformat())


def ringing(snapshot: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any] | None:
    """``snapshot``, which says until when its caller may come back where it says for how long it rings.

    Whoever Twilio asks then has as long as a server that is not heard of.
    """
    seconds = snapshot.get(RINGS) if snapshot else None
    if snapshot is None or not seconds:
        return snapshot
    return {**snapshot, _RINGS_UNTIL: (now + timedelta(seconds=seconds + LEASE_SECONDS)).isoformat()}


def gone(now: datetime) -> sa.ColumnElement[bool]:
    """The calls whose server is not up by its lease."""
    expires = expiry()
    since = datetime.fromtimestamp(now.timestamp() - LEASE_SECONDS, now.tzinfo).isoformat()
    # a server of an earlier version has no lease, and writes down when it was there last
    return sa.case((expires.is_(None), CALLS.c.seen < since), else_=expires <= now.timestamp())


def given_up(owner: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The calls of ``owner`` that another server has closed: the network between may have been cut."""
    reason: sa.ColumnElement[str] = CALLS.c.record["reason"].as_string()
    return (CALLS.c.owner == owner) & (reason == CUT_OFF)


def expiry() -> sa.ScalarSelect[float]:
    """When the lease of a call's server lapses, or null where it has none."""
    mine = LEASES.c.owner == CALLS.c.owner
    return sa.select(LEASES.c.expires).where(mine).correlate(CALLS).scalar_subquery()


def last_seen(seen: str, expires: float | None) -> str:
    """When the server of a call was there last: when it wrote the call, or renewed its lease."""
    if expires is None:
        return seen
    return max(seen, datetime.fromtimestamp(expires - LEASE_SECONDS, UTC).isoformat())


def cut_off(row: sa.RowMapping, record: dict[str, Any]) -> dict[str, Any]:
    """The record of a call whose server has died."""
    return {**record, **_end(row, record)}


def closed(row: sa.RowMapping) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record of a whole row whose server has died, in its shape; and the same as it is to be stored."""
    record = record_shape.stored(row["record"], row)
    end = _end(row, record)
    return {**record, **end}, record_shape.rewritten(row["record"], row, end)


def _end(row: sa.RowMapping, record: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a record that say how its call ended, whose server has died: when that was there last.

    What had ended the call before that stays: its server was waiting for the caller to come back, or closing.
    """
    by = record.get("ended_by") if record.get("ended_by") in get_args(EndedBy) else None
    ended = max(row["seen"] if by else last_seen(row["seen"], row["expires"]), record["started"])
    start = record.get("answered") or record["started"]
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(start)).total_seconds()
    why = {"ended_by": by, "reason": record.get("reason") or CUT_OFF} if by else _KILLED
    return {"ended": ended, **why, "seconds": round(max(0.0, seconds), 3)}


def forget(connection: sa.Connection, now: datetime) -> None:
    """Delete the leases of servers that are long gone and have no call."""
    up = sa.select(CALLS.c.owner).where(CALLS.c.ended.is_(None))
    old = (LEASES.c.expires < now.timestamp() - 3600) & LEASES.c.owner.not_in(up)
    connection.execute(sa.delete(LEASES).where(old))


class LapsedLeases:
    """Remembers, by a monotonic clock of its own, since when a lease has not moved.

    A wall clock that is set, the database's too, makes every lease look lapsed until it is renewed. Who looks
    twice, with ``CONFIRM_SECONDS`` in between, tells that from a server that has died.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[int, float]] = {}

    def confirmed(self, found: dict[str, int]) -> list[str]:
        """The owners among ``found``, with the beat of each, that have not moved for long enough."""
        now = self._clock()
        times = {owner: at for owner, at in self._since.items() if found.get(owner) == at[0]}
        self._since = {owner: times.get(owner, (beat, now)) for owner, beat in found.items()}
        return [owner for owner, (_, since) in self._since.items() if now - since >= CONFIRM_SECONDS]
