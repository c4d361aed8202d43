"""Outbound calls, as all processes with the shared state know them."""

from __future__ import annotations

import sqlalchemy as sa

from agentrun.records.store.engine import insertion
from agentrun.server.shared_state.backend import Placed
from agentrun.server.shared_state.database import now, short, transaction
from agentrun.server.shared_state.tables import PLACED, PROCESSES

PLACED_SECONDS = 24 * 3600.0
"""How long Twilio may tell of a placed call: none lasts longer."""


MOST_ORPHANS = 100
"""Calls of processes that are gone which are looked at in one go."""
_FIELDS = tuple(Placed.__dataclass_fields__)
_OVER = {"caller": "", "called": "", "parameters": {}}
"""What is left of a call that has ended."""


class PlacedTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = insertion(engine.dialect.name)

    def keep(self, placed: Placed) -> None:
        """Keep a call that an agent places, for a day; another's is left as it is.

        Of one that has ended it is kept that it was there, and nothing that was said of it.
        """
        values = {name: getattr(placed, name) for name in _FIELDS}
        values |= {"caller": short(placed.caller, 512), "called": short(placed.called, 512)}
        values |= {"call_id": short(placed.call_id), "parameters": dict(placed.parameters)}
        values |= _OVER if placed.ended else {}
        with transaction(self._engine) as connection:
            expires = now(connection) + PLACED_SECONDS
            new = self._insert(PLACED).values(**values, expires=expires)
            changed = {"ended": placed.ended, **(_OVER if placed.ended else {})}
            changed |= {"call_id": short(placed.call_id)} if placed.call_id else {}
            mine = PLACED.c.owner == placed.owner
            connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed, where=mine))

    def get(self, dial: str) -> Placed | None:
        """The call that was placed under this id, or None."""
        with self._engine.connect() as connection:
            return _read(connection, dial)

    def attach(self, dial: str, call_id: str) -> None:
        """Twilio's name of a placed call, unless it has one."""
        with transaction(self._engine) as connection:
            unknown = _is(dial) & (PLACED.c.call_id == "")
            connection.execute(sa.update(PLACED).where(unknown).values(call_id=short(call_id)))

    def adopt(self, dial: str, owner: str, former: str | None = None) -> Placed | None:
        """Have ``owner`` go on with a placed call; what it was before.

        None where there is no such call, or where it is not of the ``former`` owner any more. Who asks again,
        because the answer came too late, is told the same.
        """
        with transaction(self._engine) as connection:
            placed = _read(connection, dial, lock=True)
            if placed is None or (former is not None and placed.owner not in (former, owner)):
                return None
            connection.execute(sa.update(PLACED).where(_is(dial)).values(owner=owner))
            return placed

    def end(self, dial: str) -> None:
        """A placed call has ended, whosever it was."""
        with transaction(self._engine) as connection:
            connection.execute(sa.update(PLACED).where(_is(dial)).values(ended=True, **_OVER))

    def orphans(self) -> list[Placed]:
        """Calls without an end whose process is gone, of which Twilio has said who they are; the oldest."""
        there = sa.select(PROCESSES.c.id)
        which = ~PLACED.c.ended & (PLACED.c.call_id != "") & PLACED.c.owner.not_in(there)
        query = sa.select(*(PLACED.c[name] for name in _FIELDS)).where(which)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(PLACED.c.expires).limit(MOST_ORPHANS)).mappings()
            return [Placed(**row) for row in rows]


def _is(dial: str) -> sa.ColumnElement[bool]:
    return PLACED.c.id == short(dial, 64)


def _read(connection: sa.Connection, dial: str, *, lock: bool = False) -> Placed | None:
    query = sa.select(*(PLACED.c[name] for name in _FIELDS)).where(_is(dial))
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return Placed(**row) if row else None
