"""Adds to a stored record what becomes known after the call, such as a transfer's outcome."""

from __future__ import annotations

import sqlalchemy as sa

from agentrun.records import record_shape
from agentrun.records.store import analyses, engine
from agentrun.records.store.leases import CUT_OFF
from agentrun.records.store.tables import CALLS, is_call
from agentrun.records.webhook import outbox


class AmendmentTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add_to_reason(self, agent: str, call_id: str, words: str) -> bool:
        """Add ``words`` to why a call has ended, once; whether they stand there now.

        Its webhook is sent the record again. A call that is up is left alone, and so is one whose process was
        killed, or seems to have been: that may still write its own reason.
        """
        with self._engine.begin() as connection:
            now = engine.now(connection)
            this = is_call(agent, call_id) & CALLS.c.ended.is_not(None)
            row = connection.execute(sa.select(CALLS).where(this)).mappings().first()
            if row is None:
                return False
            record = record_shape.stored(row["record"], row)
            if record["reason"] == CUT_OFF:
                return False
            if words in record["reason"]:
                return True
            changed = {"reason": f"{record['reason']}; {words}"}
            values = {
                "record": record_shape.rewritten(row["record"], row, changed),
                "seen": now.isoformat(),
            }
            # whoever wrote it meanwhile wrote more
            same = this & (CALLS.c.seen == row["seen"])
            done = connection.execute(sa.update(CALLS).where(same).values(values)).rowcount
            if done and row["webhook"] and analyses.is_whole(record):
                outbox.put(connection, [{**record, **changed}], now)
            return bool(done)
