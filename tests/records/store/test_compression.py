"""PostgreSQL packs records by the faster of its ways."""

from __future__ import annotations

import sqlalchemy as sa

from agentrun.records import CallRecord, Entry
from agentrun.records.store.store import Store
from tests.records.conftest import emptied


def test_a_record_is_packed_by_lz4(postgresql: str) -> None:
    words = "Yes, we are open until ten, and there is a table for four at seven."
    record = CallRecord("CA1", "desk", "twilio")
    record.transcript = [Entry(float(at), "agent", words) for at in range(100)]
    with Store(emptied(postgresql)) as store:
        store.save([record.as_json()], "me")
        with store._engine.connect() as connection:
            how = connection.scalar(sa.text("SELECT pg_column_compression(record) FROM calls"))
            known = connection.scalar(
                sa.text("SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'")
            )
    assert how == ("lz4" if "lz4" in known else "pglz")
