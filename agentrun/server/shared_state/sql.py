"""Shared state in SQLite, for the workers of a machine, or PostgreSQL, for several machines."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import sqlalchemy as sa

from agentrun.records.store.answered import AnsweredTable
from agentrun.records.store.engine import ignore, insertion, let_go
from agentrun.server.admission.limits import MINUTE, Refusal
from agentrun.server.shared_state import database
from agentrun.server.shared_state.backend import (
    LEASE_SECONDS,
    Asked,
    CallName,
    Change,
    Heartbeat,
    Place,
    Process,
    Released,
    Renamed,
    Up,
)
from agentrun.server.shared_state.database import open_database, short, transaction
from agentrun.server.shared_state.message_table import MessageTable
from agentrun.server.shared_state.placed_table import PlacedTable
from agentrun.server.shared_state.places import CALL, begun, elsewhere, is_place, rename, taken
from agentrun.server.shared_state.tables import BEGUN, MESSAGES, PLACED, PLACES, PROCESSES, USED

_LOCKS = 4720002
"""The class of PostgreSQL's advisory locks under which limits are decided."""
_SWEEPING = 2**31 - 1


class SqlBackend:
    """As ``Backend``, in the database at ``url``, which is opened and brought up to date.

    Raises SetupError where that can't be done; the methods raise sqlalchemy.exc.SQLAlchemyError.
    """

    def __init__(self, url: str, on_steps: Callable[[], None] = ignore) -> None:
        self.url = url
        self.engine = open_database(url, on_steps)
        self._insert = insertion(self.engine.dialect.name)
        self._answered = AnsweredTable(self.engine)
        self.placed = PlacedTable(self.engine)
        self.messages = MessageTable(self.engine)

    @property
    def _is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    def ask(self, asked: Asked) -> Refusal | None:
        """As Backend. Calls of agents that have no limit wait for no other call."""
        with transaction(self.engine) as connection:
            now = self._alone(connection, *(whose for whose, _ in asked.scopes))
            expires = now + asked.seconds
            if self._extended(connection, asked, now, expires):
                return None
            for whose, limits in asked.scopes:
                if refusal := taken(connection, whose, asked.caller, limits, now).refusal(limits):
                    return refusal
            changed = {"caller": short(asked.caller, 512), "owner": "", "expires": expires}
            new = self._insert(PLACES).values(agent=asked.agent, call=short(asked.call_id), **changed)
            # what stands there has expired
            connection.execute(new.on_conflict_do_update(index_elements=["agent", "call"], set_=changed))
            connection.execute(sa.insert(BEGUN).values(what=CALL + asked.agent, at=now))
        return None

    def _extended(self, connection: sa.Connection, asked: Asked, now: float, expires: float) -> bool:
        """Whether the call has a place already; one that is not up yet then lasts longer."""
        later = sa.case((PLACES.c.expires.is_(None), None), else_=expires)
        alive = PLACES.c.expires.is_(None) | (PLACES.c.expires > now)
        mine = is_place(asked.agent, asked.call_id) & alive
        return connection.execute(sa.update(PLACES).where(mine).values(expires=later)).rowcount > 0

    def apply(self, changes: Sequence[Change], owner: str) -> None:
        """As Backend."""
        with transaction(self.engine) as connection:
            for change in changes:
                match change:
                    case Up(place):
                        self._put_up(connection, place, owner)
                    case Renamed(agent, old, new):
                        rename(connection, agent, old, new)
                    case Released(agent, call_id):
                        connection.execute(sa.delete(PLACES).where(is_place(agent, call_id)))

    def beat(self, me: Process, up: Collection[Place]) -> Heartbeat:
        """As Backend."""
        with transaction(self.engine) as connection:
            now = database.now(connection)
            values = {"machine": me.machine, "address": me.address, "version": me.version}
            new = self._insert(PROCESSES).values(id=me.id, **values, expires=now + LEASE_SECONDS)
            changed = {**values, "expires": now + LEASE_SECONDS}
            connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed))
            self._sweep(connection, now)
            self._correct(connection, me.id, up)
            processes = tuple(
                map(_process, connection.execute(sa.select(PROCESSES).order_by(PROCESSES.c.id)))
            )
            counts = sa.select(sa.func.count(), sa.func.count(PLACES.c.expires)).select_from(PLACES)
            every, expected = connection.execute(counts).one()
        return Heartbeat(now, processes, every - expected, expected)

    def _sweep(self, connection: sa.Connection, now: float) -> None:
        """Forget what is over, one process at a time.

        A process that is forgotten though it lives says at its next heartbeat what is up.
        """
        if self._is_postgresql:
            mine = sa.func.pg_try_advisory_xact_lock(_LOCKS, sa.cast(_SWEEPING, sa.Integer))
            if not connection.execute(sa.select(mine)).scalar_one():
                return
        for table in (PROCESSES, USED, PLACED, MESSAGES):
            connection.execute(sa.delete(table).where(table.c.expires <= now))
        connection.execute(sa.delete(BEGUN).where(BEGUN.c.at <= now - MINUTE))
        there = sa.select(PROCESSES.c.id)
        lost = (PLACES.c.expires <= now) | (PLACES.c.expires.is_(None) & PLACES.c.owner.not_in(there))
        # what another process is just changing is left to the next time: two never wait for each other
        which = sa.select(PLACES.c.agent, PLACES.c.call).where(lost).with_for_update(skip_locked=True)
        this = sa.tuple_(PLACES.c.agent, PLACES.c.call)
        connection.execute(sa.delete(PLACES).where(this.in_(which)))

    def _correct(self, connection: sa.Connection, owner: str, up: Collection[Place]) -> None:
        mine = PLACES.c.expires.is_(None) & (PLACES.c.owner == owner)
        found = {(row.agent, row.call) for row in connection.execute(sa.select(PLACES).where(mine))}
        kept = {(place.agent, short(place.call_id)) for place in up}
        for agent, call_id in found - kept:
            connection.execute(sa.delete(PLACES).where(is_place(agent, call_id)))
        for place in up:
            if (place.agent, short(place.call_id)) not in found:
                self._put_up(connection, place, owner)

    def _put_up(self, connection: sa.Connection, place: Place, owner: str) -> None:
        changed = {"expires": None, "owner": owner}
        caller = short(place.caller, 512)
        new = self._insert(PLACES).values(
            agent=place.agent, call=short(place.call_id), caller=caller, **changed
        )
        connection.execute(new.on_conflict_do_update(index_elements=["agent", "call"], set_=changed))

    def elsewhere(self, owner: str, calls: Collection[CallName]) -> list[CallName]:
        """As Backend."""
        with self.engine.connect() as connection:
            return elsewhere(connection, owner, calls)

    def leave(self, owner: str) -> None:
        """As Backend."""
        with transaction(self.engine) as connection:
            connection.execute(sa.delete(PLACES).where(PLACES.c.owner == owner))
            connection.execute(sa.delete(PROCESSES).where(PROCESSES.c.id == owner))

    def leave_all(self, prefix: str) -> None:
        """Processes whose ids begin so were killed: their calls are over."""
        with transaction(self.engine) as connection:
            for column in (PLACES.c.owner, PROCESSES.c.id):
                begins = column.startswith(prefix, autoescape=True)
                connection.execute(sa.delete(column.table).where(begins))

    def process(self, name: str) -> Process | None:
        """As Backend."""
        with self.engine.connect() as connection:
            there = PROCESSES.c.expires > database.now(connection)
            row = connection.execute(sa.select(PROCESSES).where((PROCESSES.c.id == name) & there)).first()
            return _process(row) if row else None

    def use(self, name: str, seconds: float) -> bool:
        """As Backend."""
        with transaction(self.engine) as connection:
            now = database.now(connection)
            new = self._insert(USED).values(name=name, expires=now + seconds)
            again = new.on_conflict_do_update(
                index_elements=["name"], set_={"expires": now + seconds}, where=USED.c.expires <= now
            )
            return connection.execute(again.returning(USED.c.name)).first() is not None

    def wait(self, what: str, per_minute: int) -> float:
        """As Backend."""
        with transaction(self.engine) as connection:
            now = self._alone(connection, what)
            count, first = connection.execute(begun(BEGUN.c.what == what, now)).one()
            if count >= per_minute:
                return max(0.0, float(first) + MINUTE - now)
            connection.execute(sa.insert(BEGUN).values(what=what, at=now))
        return 0.0

    def has_answered(self, agent: str, call_id: str) -> bool:
        """As Backend."""
        return self._answered.has(agent, call_id)

    def claim(self, agent: str, call_id: str) -> bool:
        """As Backend."""
        return self._answered.claim(agent, call_id)

    def forget_answer(self, agent: str, call_id: str) -> None:
        """As Backend."""
        self._answered.forget(agent, call_id)

    def close(self) -> None:
        """As Backend."""
        self.messages.close()
        let_go(self.engine)

    def _alone(self, connection: sa.Connection, *what: str) -> float:
        """The time, once nobody else on any machine decides about ``what``."""
        if not self._is_postgresql or not what:
            return database.now(connection)
        # PostgreSQL's second key is a signed number of 32 bits; it takes what is selected in this order
        keys = [sa.cast(zlib.crc32(each.encode()) - 2**31, sa.Integer) for each in what]
        locks = [sa.func.pg_advisory_xact_lock(_LOCKS, key).label(f"lock{n}") for n, key in enumerate(keys)]
        now = sa.extract("epoch", sa.func.clock_timestamp()).label("now")
        return float(connection.execute(sa.select(*locks, now)).one().now)


def _process(row: Any) -> Process:
    return Process(row.id, row.machine, row.address, row.version)
