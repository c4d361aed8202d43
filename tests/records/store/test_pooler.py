"""PgBouncer in transaction mode between us and PostgreSQL: nothing is left for the next transaction."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from agentrun.errors import SetupError
from agentrun.records import CallRecord
from agentrun.records.store import engine
from agentrun.records.store.hourly import HOUR
from agentrun.records.store.postgresql import pooler
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.shared_state.backend import Message, Process
from agentrun.server.shared_state.database import open_database
from agentrun.server.shared_state.message_table import POOLED_SECONDS
from agentrun.server.shared_state.sql import SqlBackend
from tests.log_lines import log_lines
from tests.records.conftest import emptied
from tests.records.pgbouncer import IGNORING, own_pgbouncer

BEGAN = datetime.now(UTC) - timedelta(minutes=5)


@pytest.fixture(autouse=True)
def empty(postgresql: str) -> None:
    emptied(postgresql)


def ended(number: int) -> CallRecord:
    record = CallRecord(f"CA{number}", "desk", "twilio", started=BEGAN)
    record.ended, record.ended_by = BEGAN + timedelta(seconds=9), "caller"
    return record


def test_a_store_is_written_and_read_by_many_at_once(pgbouncer: str) -> None:
    with Store(pgbouncer) as store:

        def work(number: int) -> None:
            record = ended(number)
            # more often than the driver asks the same before it prepares it
            for _ in range(12):
                assert store.save([record.as_json()], f"server {number}", keys=[record.key]) == []
            for _ in range(4):
                assert store.get(record.id) is not None

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(16)))
        assert len(list(store.find(CallQuery()))) == 16
        while store.search.add() or store.hourly.count():
            pass
        sums = store.hourly.read("desk", int(BEGAN.timestamp()) // HOUR)
        assert sum(each.calls for each in sums.values()) == 16


def test_every_transaction_has_its_settings_and_leaves_none(pgbouncer: str) -> None:
    made = engine.make(f"{pgbouncer}?options=-c%20statement_timeout%3D7s%20-csearch_path%3Dcalls,public")
    for _ in range(8):
        with made.begin() as connection:
            names = "statement_timeout", "lock_timeout", "search_path"
            found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
            assert found == ["7s", "10s", "calls,public"]
    made.dispose()
    plain = sa.create_engine(pgbouncer, connect_args={"prepare_threshold": None})
    for _ in range(8):
        with plain.begin() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
    plain.dispose()


def test_a_statement_that_takes_too_long_is_ended(pgbouncer: str) -> None:
    made = engine.make(f"{pgbouncer}?options=-c%20statement_timeout%3D300ms")
    with pytest.raises(sa.exc.OperationalError, match="statement timeout"), made.begin() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    made.dispose()


def test_only_a_pooler_is_one(postgresql: str, pgbouncer: str) -> None:
    for url, there in ((postgresql, False), (pgbouncer, True)):
        made = engine.make(url)
        connection = made.raw_connection()
        assert pooler.is_between(connection) is there
        connection.close()
        made.dispose()


def test_messages_arrive_although_nobody_can_listen(pgbouncer: str) -> None:
    one, two = SqlBackend(pgbouncer), SqlBackend(pgbouncer)
    two.beat(Process("two"), ())
    with log_lines("WARNING") as lines:
        # the first look finds the pooler
        two.messages.listen("two", 5.0)
        for number in range(3):
            assert one.messages.tell("two", Message("hello", {"number": str(number)}))
            began = time.monotonic()
            two.messages.listen("two", 60.0)
            assert time.monotonic() - began < 30.0 + POOLED_SECONDS
            assert [message.body for message in two.messages.read("two")] == [{"number": str(number)}]
    assert sum("a pooler stands before" in line for line in lines) == 1
    for each in (one, two):
        each.close()


@pytest.mark.parametrize("opened", [Store, open_database], ids=["records", "shared"])
@pytest.mark.parametrize(
    ("more", "mode", "hint"),
    [
        ("", "transaction", "ignore_startup_parameters = options"),
        (IGNORING, "statement", "pool_mode = transaction"),
    ],
)
def test_what_a_pooler_refuses_is_said_with_what_to_write_in_its_file(
    postgresql: str, opened: type[Store], more: str, mode: str, hint: str
) -> None:
    with own_pgbouncer(postgresql, more, mode) as address:
        with pytest.raises(SetupError) as refused:
            opened(address)
        assert hint in str(refused.value.hint)
