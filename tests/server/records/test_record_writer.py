"""The writer of records: what one record holds, and what a store does, costs no other record."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry
from agentrun.records.store import leases
from agentrun.records.store.leases import CONFIRM_SECONDS, LapsedLeases
from agentrun.records.store.local_copies import LocalCopies
from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.server.records import record_writer
from agentrun.server.records.record_writer import RecordWriter
from tests.calls.desk import until
from tests.records.store.stored_calls import lapse

END_SECONDS = 9.0
"""What the end of a writer takes at most, whatever the store does."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'calls.sqlite3'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as found:
        yield found


@pytest.fixture
def copies(tmp_path: Path) -> LocalCopies:
    return LocalCopies(tmp_path / "unstored")


def record_of(call_id: str, *, ended: bool = True) -> CallRecord:
    record = CallRecord(call_id, "desk", "twilio")
    record.answer()
    if ended:
        record.ended_by, record.reason = "caller", "the caller hung up"
        record.close()
    return record


def ids(store: Store) -> set[str]:
    return {row["id"] for row in store.find(CallQuery())}


class Unwritable(CallRecord):
    """A record that can't be made a row."""

    def as_json(self) -> dict[str, Any]:
        raise UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed")


async def test_a_record_that_can_not_be_written_costs_only_itself(store: Store, copies: LocalCopies) -> None:
    writer, told = RecordWriter(store, copies), list[str]()
    writer.on_refusal(told.append)
    bad = Unwritable("CA2", "desk", "twilio")
    bad.close()
    for record in (record_of("CA1"), bad, record_of("CA3")):
        writer.watch(record)
    assert await writer.write()
    assert ids(store) == {"CA1", "CA3"}
    writer.watch(record_of("CA4"))
    await writer.close()
    assert told == ["desk"]
    [kept] = copies.folder.iterdir()
    assert json.loads(kept.read_text())["record"]["id"] == "CA2"


async def test_a_call_that_begins_is_stored_at_once(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_writer, "PERIOD_SECONDS", 3600.0)
    writer = RecordWriter(store, copies)
    writing = asyncio.create_task(writer.run())
    for name in ("CA1", "CA2"):
        await asyncio.sleep(0.05)
        writer.watch(record_of(name, ended=False))
        async with asyncio.timeout(20):
            while name not in ids(store):  # noqa: ASYNC110 - a thread writes it
                await asyncio.sleep(0.02)
    writing.cancel()
    await writer.close()


async def test_a_record_that_neither_store_nor_file_can_have_costs_only_itself(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("wait", "refuse"):
        monkeypatch.setattr(LocalCopies, name, no_space)
    writer, bad = RecordWriter(store, copies), Unwritable("CA1", "desk", "twilio")
    bad.close()
    for record in (bad, record_of("CA2")):
        writer.watch(record)
    assert await writer.write()
    assert ids(store) == {"CA2"}
    monkeypatch.setattr(store, "save", lambda *_: no_space())
    for name in ("CA3", "CA4"):
        writer.watch(record_of(name))
    assert not await writer.write()
    await writer.close()


async def test_a_row_that_the_database_refuses_costs_only_itself(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store._write

    def refusing(connection: Any, row: Any, *rest: Any) -> str:
        if row["id"] == "CA2":
            raise sa.exc.DataError("INSERT", {}, ValueError("invalid byte sequence"))
        return write(connection, row, *rest)

    monkeypatch.setattr(store, "_write", refusing)
    writer = RecordWriter(store, copies)
    for number in range(1, 4):
        writer.watch(record_of(f"CA{number}"))
    assert await writer.write()
    assert ids(store) == {"CA1", "CA3"}
    assert [path.name.partition("-")[0] for path in copies.folder.iterdir()] == ["refused"]
    await writer.close()


async def test_hostile_text_is_stored_and_sent(store: Store, copies: LocalCopies) -> None:
    record = record_of("CA\ud83d")
    record.transcript.append(Entry(0.1, "caller", "half \ud83d of a pair \x00"))
    record.transcript.append(Entry(0.2, "tool", "ok", "find", {"\ud83d": float("nan")}, "ok"))
    writer = RecordWriter(store, copies, webhooks=lambda: {"desk"})
    writer.watch(record)
    assert await writer.write()
    await writer.close()
    with Store(str(store._engine.url)) as again:
        [message] = again.outbox.claim("desk", 5, 60)
        assert json.loads(message.body.encode())["transcript"][0]["text"] == "half \ufffd of a pair \ufffd"
    assert not copies.folder.exists()


async def test_a_row_of_an_earlier_version_that_can_not_be_encoded_is_closed_and_read(url: str) -> None:
    poisoned = {**record_of("CA1", ended=False).as_json(), "reason": "\ud83d"}
    with Store(url) as store:
        store.save([record_of("CA1", ended=False).as_json(), record_of("CA2", ended=False).as_json()], "old")
        with store._engine.begin() as connection:
            text = sa.text("UPDATE calls SET record = :record, webhook = 1 WHERE id = 'CA1'")
            connection.execute(text, {"record": json.dumps(poisoned)})
        lapse(store)
        assert len(store.close_abandoned(["old"])) == 2
        assert {row["reason"] for row in store.find(CallQuery())} == {CUT_OFF}


async def test_a_row_that_has_ended_is_not_opened_again_nor_written_over_by_another_record(
    store: Store, copies: LocalCopies
) -> None:
    first = record_of("CA1")
    first.transcript.append(Entry(0.0, "agent", "What was said."))
    writer = RecordWriter(store, copies)
    writer.watch(first)
    await writer.write()
    replayed = RecordWriter(store, copies)
    replayed.watch(record_of("CA1", ended=False))
    await replayed.write()
    [row] = store.find(CallQuery())
    assert row == first.as_json()
    [kept] = copies.folder.iterdir()
    assert "another record" in json.loads(kept.read_text())["reason"]
    await replayed.close()
    await writer.close()


async def test_what_a_locked_store_did_not_take_is_in_files_and_the_next_start_takes_it_in(
    url: str, store: Store, copies: LocalCopies, tmp_path: Path
) -> None:
    writer = RecordWriter(store, copies, webhooks=lambda: {"desk"})
    writer.watch(record_of("CA1"))
    with contextlib.closing(sqlite3.connect(tmp_path / "calls.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with asyncio.timeout(END_SECONDS):
            await writer.close()
        assert [path.name.partition("-")[0] for path in copies.folder.iterdir()] == ["waiting"]
        other.execute("ROLLBACK")
    with Store(url) as again:
        following = RecordWriter(again, copies)
        running = asyncio.create_task(following.run())
        await until(lambda: ids(again) and not list(copies.folder.iterdir()), 20)
        running.cancel()
        await asyncio.wait({running})
        assert again.outbox.waiting(["desk"]) == {"desk": 1}
        await following.close()
    assert list(copies.folder.iterdir()) == []


async def test_a_frozen_store_holds_up_neither_the_end_nor_the_record(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    thawed = threading.Event()
    monkeypatch.setattr(store, "save", lambda *_: thawed.wait(60) and [])
    writer = RecordWriter(store, copies)
    writer.watch(record_of("CA1"))
    try:
        async with asyncio.timeout(END_SECONDS):
            await writer.close()
    finally:
        thawed.set()
    assert [path.name.partition("-")[0] for path in copies.folder.iterdir()] == ["waiting"]


async def test_only_what_has_changed_is_made_a_row(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, save = list[str](), store.save

    def noted(rows: Any, *rest: Any) -> Any:
        written.extend(row["id"] for row in rows)
        return save(rows, *rest)

    monkeypatch.setattr(store, "save", noted)
    one, two = (record_of(name, ended=False) for name in ("CA1", "CA2"))
    writer = RecordWriter(store, copies)
    writer.watch(one)
    writer.watch(two)
    await writer.write()
    two.transcript.append(Entry(0.0, "agent", "Hello."))
    await writer.write()
    await writer.write()
    assert written == ["CA1", "CA2", "CA2"]
    two.usage["llm x/y"] = {"input_tokens": 1.0}
    await writer.write()
    assert written[3:] == ["CA2"]
    await writer.close()


def test_a_clock_that_is_set_makes_nobody_dead(store: Store) -> None:
    """A lease that has lapsed and is renewed was only the clock; one that stands still is a dead server's."""
    now = [0.0]
    lapses = LapsedLeases(lambda: now[0])
    for owner in ("alive", "dead"):
        store.save([record_of(owner, ended=False).as_json()], owner, (), [owner])
    lapse(store)
    assert lapses.confirmed(store.lapsed()) == []
    now[0] += CONFIRM_SECONDS / 2
    store.touch("alive")
    lapse(store)
    assert lapses.confirmed(store.lapsed()) == []
    now[0] += CONFIRM_SECONDS / 2
    assert lapses.confirmed(store.lapsed()) == ["dead"]


def test_liveness_is_by_the_clock_of_the_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers whose own clocks differ agree on who is alive: a lease asks the database's, never its own.

    SQLite has no clock but this machine's, which ``engine.now`` gives in its name.
    """
    store.save([record_of("CA1", ended=False).as_json()], "alive")
    monkeypatch.setattr(leases, "datetime", OwnClock)
    assert store.lapsed() == {}
    store.touch("alive")
    [row] = store.find(CallQuery())
    assert row["ended"] is None


class OwnClock(datetime):
    """A clock that nobody may ask."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:  # noqa: ARG003 - as datetime's
        raise AssertionError("the server's own clock was asked")


async def test_a_thread_that_could_not_be_started_costs_one_try(
    store: Store, copies: LocalCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    writer = RecordWriter(store, copies)
    writer.watch(record_of("CA1"))
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", refuse)
        assert [await writer.write(), await writer.write()] == [False, False]
    assert await writer.write()
    assert ids(store) == {"CA1"}
