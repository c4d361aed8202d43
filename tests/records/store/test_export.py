"""What an export of a whole store takes: as much memory as some records, and no single long statement."""

from __future__ import annotations

import tracemalloc

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from agentrun.cli.commands import calls
from agentrun.errors import SetupError
from agentrun.records import CallRecord, Entry
from agentrun.records.store import reading, store
from agentrun.records.store.store import CallQuery, Row, Store

CALLS, LETTERS, PAGE = 400, 10_000, 10


@pytest.fixture
def large(url: str) -> str:
    """A store that is read in twenty parts."""
    with Store(url) as opened:
        for start in range(0, CALLS, 100):
            records = [CallRecord(f"CA{number}", "desk", "twilio") for number in range(start, start + 100)]
            for record in records:
                record.transcript = [Entry(0.0, "agent", "x" * LETTERS)]
            opened.save([record.as_json() for record in records], "a server")
    return url


@pytest.mark.parametrize("as_csv", [False, True])
def test_a_month_is_exported_in_the_memory_of_a_page(
    large: str, as_csv: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setattr(store, "_PAGE", PAGE)
    monkeypatch.setattr(click, "echo", lambda text, **_: written.append(len(text)))
    tracemalloc.start()
    calls._print_all(calls._find(large, None, None, ()), as_csv=as_csv)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(written) == CALLS + as_csv
    assert most < CALLS * LETTERS / 2, f"{most / 1e6:.0f} MB"


def test_an_export_that_waits_for_its_reader_holds_no_transaction(
    large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_PAGE", PAGE)
    exported = calls._find(large, None, None, ())
    first = next(exported)
    with Store(large) as other, other._engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 500")
            connection.exec_driver_sql("ALTER TABLE calls ADD COLUMN another integer")
        else:
            connection.exec_driver_sql("UPDATE calls SET owner = 'another'")
            connection.commit()
            busy, written, done = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            assert (busy, written, done) == (0, 0, 0)
    assert len({record["id"] for record in (first, *exported)}) == CALLS


def test_pages_have_each_call_once_and_in_order(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(url) as opened:
        same = [CallRecord(f"CA{number}", f"agent{number % 2}", "twilio").as_json() for number in range(25)]
        rows = [{**row, "started": f"2026-01-01T00:0{at % 3}:00+00:00"} for at, row in enumerate(same)]
        opened.save(rows, "a server")
        monkeypatch.setattr(store, "_PAGE", 4)
        ordered = [row["id"] for row in sorted(rows, key=_order, reverse=True)]
        assert [row["id"] for row in opened.find(CallQuery())] == ordered
        assert [row["id"] for row in opened.find(CallQuery(), ("turns",))] == ordered
        assert [row["id"] for row in opened.find(CallQuery(most=9, skip=3))] == ordered[3:12]
        even = CallQuery("agent0", most=6, where=lambda row: int(row["id"][2:]) % 4 == 0)
        wanted = [each for each in ordered if int(each[2:]) % 4 == 0]
        assert [row["id"] for row in opened.find(even)] == wanted[:6]


def _order(row: Row) -> tuple[str, str, str]:
    return row["started"], row["id"], row["agent"]


def test_a_database_that_fails_while_it_is_read_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(url).close()

    def fail(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("canceling statement due to statement timeout"))

    monkeypatch.setattr(reading, "parts_of", fail)
    with pytest.raises(SetupError, match="can't be read: canceling statement due to statement timeout"):
        CliRunner().invoke(calls.command, ["export", "--records", url], catch_exceptions=False)
