"""Records of calls as a store gets them, and stores whose servers were not heard of for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.records.store.tables import CALLS


def call(call_id: str, agent: str = "desk", ago: float = 0.0, *, ended: bool = True) -> CallRecord:
    record = CallRecord(call_id, agent, "twilio", "+15551234567")
    record.started = datetime.now(UTC) - timedelta(seconds=ago)
    if ended:
        record.ended, record.ended_by = record.started + timedelta(seconds=10), "caller"
    return record


def lapse(store: Store) -> None:
    """Have every lease lapse, and every call be written long ago."""
    with store._engine.begin() as connection:
        connection.execute(sa.update(CALLS).values(seen="2026-01-01T00:00:00+00:00"))
        connection.execute(sa.text("UPDATE leases SET expires = 20"))
