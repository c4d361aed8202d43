"""Records outlive the process that wrote them, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import contextlib
import json
import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from agentrun.errors import SetupError
from agentrun.records import Entry
from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.records.store.tables import METADATA
from tests.records.store.stored_calls import call, lapse

OLD_TABLE = """
CREATE TABLE calls (
  agent VARCHAR(63) NOT NULL, id VARCHAR(255) NOT NULL, started VARCHAR(40) NOT NULL, ended VARCHAR(40),
  record JSON NOT NULL, PRIMARY KEY (agent, id))
"""
Open = Callable[[str], Store]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens stores, which are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda url: stack.enter_context(Store(url))


def test_what_is_saved_is_found_again(url: str, opened: Open) -> None:
    record = call("CA1")
    record.transcript.append(Entry(0.5, "tool", '{"täble": 7}', "book", {"guests": 2}, "ok", 0.1))
    store = opened(url)
    store.save([record.as_json()], "one")
    store.close()
    again = opened(url)
    assert again.get("CA1") == record.as_json()
    assert again.get("CA1", "desk") == record.as_json()
    assert again.get("CA1", "other") is None
    assert again.get("CA2") is None


def test_of_a_part_the_fields_that_are_needed_will_do(url: str, opened: Open) -> None:
    record = call("CA1")
    record.transcript += [Entry(0.5, "tool", "4", "book", {"guests": 2}, "ok"), Entry(1.0, "agent", "Hi.")]
    store = opened(url)
    store.save([record.as_json(), call("CA2").as_json()], "one")
    parts = ("reason", ("transcript", ("who", "status")), ("turns", ("total_ms",)), ("none", ("x",)))
    rows = {row["id"]: row for row in store.find(CallQuery(), parts)}
    said = [(entry["who"], entry["status"]) for entry in rows["CA1"]["transcript"]]
    assert said == [("tool", "ok"), ("agent", "")]
    assert (rows["CA1"]["reason"], rows["CA1"]["turns"] or []) == ("", [])
    assert (rows["CA2"]["transcript"] or [], rows["CA2"]["none"]) == ([], None)


def test_a_number_that_no_database_takes_is_kept_as_its_name(url: str, opened: Open) -> None:
    record = call("CA1")
    arguments = {"most": math.inf, "all": [math.nan, 1.5]}
    record.transcript.append(Entry(0.5, "tool", "", "find", arguments, "ok", 0.1))
    store = opened(url)
    store.save([record.as_json()], "one")
    found = store.get("CA1")
    assert found is not None
    assert found["transcript"][0]["arguments"] == {"most": "inf", "all": ["nan", 1.5]}


def test_a_record_grows_in_its_place(url: str, opened: Open) -> None:
    store, record = opened(url), call("CA1", ended=False)
    for words in ("Hello.", "Goodbye."):
        record.transcript.append(Entry(0.0, "agent", words))
        store.save([record.as_json()], "one")
    [found] = store.find(CallQuery())
    assert [entry["text"] for entry in found["transcript"]] == ["Hello.", "Goodbye."]


def test_the_newest_come_first_and_as_many_as_are_wanted(url: str, opened: Open) -> None:
    store = opened(url)
    store.save(
        [call(f"CA{ago}", "even" if ago % 20 == 0 else "odd", ago).as_json() for ago in (30, 10, 20)], "x"
    )
    assert [row["id"] for row in store.find(CallQuery())] == ["CA10", "CA20", "CA30"]
    assert [row["id"] for row in store.find(CallQuery(most=1))] == ["CA10"]
    assert [row["id"] for row in store.find(CallQuery(agent="even"))] == ["CA20"]
    since = datetime.now(UTC) - timedelta(seconds=25)
    assert [row["id"] for row in store.find(CallQuery(since=since))] == ["CA10", "CA20"]


def test_two_agents_may_have_calls_of_one_id(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1", "a").as_json(), call("CA1", "b").as_json()], "one")
    assert {row["agent"] for row in store.find(CallQuery())} == {"a", "b"}


def test_a_call_whose_server_was_killed_is_closed_and_a_live_one_is_not(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1", ended=False).as_json()], "killed")
    store.save([call("CA2", ended=False).as_json()], "alive")
    store.save([call("CA3").as_json()], "killed")
    lapse(store)
    store.touch("alive")
    assert store.lapsed() == {"killed": 1}
    assert [row["id"] for row in store.close_abandoned(["killed", "alive"])] == ["CA1"]
    assert store.close_abandoned(["killed"]) == []
    killed, alive = store.get("CA1"), store.get("CA2")
    assert killed is not None
    assert alive is not None
    assert (killed["ended_by"], killed["reason"], killed["ended"]) == (
        "error",
        CUT_OFF,
        killed["started"],
    )
    assert alive["ended"] is None


def test_a_call_that_others_gave_up_goes_on_when_its_server_is_heard_of_again(url: str, opened: Open) -> None:
    store, record = opened(url), call("CA1", ended=False)
    keys = [record.key]
    store.save([record.as_json()], "cut off", keys=keys)
    lapse(store)
    assert store.close_abandoned(["cut off"])
    store.save([record.as_json()], "another", keys=keys)
    assert not list(store.find(CallQuery(up=True))), "nobody else opens it again"
    record.transcript.append(Entry(1.0, "caller", "Are you there?"))
    assert store.save([record.as_json()], "cut off", keys=keys) == []
    [row] = store.find(CallQuery(up=True))
    assert [entry["text"] for entry in row["transcript"]] == ["Are you there?"]
    earlier = record.as_json()
    record.ended, record.ended_by = record.started + timedelta(seconds=10), "caller"
    store.save([record.as_json()], "cut off", keys=keys)
    store.save([earlier], "cut off", keys=keys)
    [row] = store.find(CallQuery())
    assert row["ended_by"] == "caller", "a write that comes late opens no call that has ended"


def test_old_calls_are_forgotten(url: str, opened: Open) -> None:
    store = opened(url)
    store.save(
        [call("old", ago=90_000).as_json(), call("new").as_json(), call("up", ended=False).as_json()], "x"
    )
    assert store.forget(datetime.now(UTC) - timedelta(days=1)) == 1
    assert {row["id"] for row in store.find(CallQuery())} == {"new", "up"}


def test_many_write_at_once(url: str, opened: Open) -> None:
    """As the workers of one server do."""
    stores = [opened(url) for _ in range(4)]

    def write(index: int) -> None:
        for number in range(10):
            stores[index].save([call(f"CA{index}-{number}").as_json()], str(index))

    threads = [threading.Thread(target=write, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(list(stores[0].find(CallQuery()))) == 40


def test_many_open_a_new_store_at_once(url: str) -> None:
    """As the workers of a server do that has just been installed."""
    together, faults = threading.Barrier(6), list[str]()

    def open_it() -> None:
        together.wait(30)
        try:
            Store(url).close()
        except SetupError as error:
            faults.append(error.message)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def test_an_older_store_is_brought_up_to_date(url: str, opened: Open) -> None:
    old = call("CA1").as_json()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0001')"))
        connection.execute(sa.text(OLD_TABLE))
        values = {"started": old["started"], "ended": old["ended"], "record": json.dumps(old)}
        statement = "INSERT INTO calls VALUES ('desk', 'CA1', :started, :ended, :record)"
        connection.execute(sa.text(statement), values)
    engine.dispose()
    store = opened(url)
    assert store.get("CA1") == old
    assert store.outbox.waiting(["desk"]) == {"desk": 0}
    store.save([call("CA2").as_json()], "one", {"desk"})
    assert store.outbox.waiting(["desk"]) == {"desk": 1}
    assert len(list(store.find(CallQuery()))) == 2


def test_the_steps_make_the_tables_that_the_code_expects(url: str, opened: Open) -> None:
    store = opened(url)
    made = sa.inspect(store._engine)
    for table in METADATA.sorted_tables:
        assert {c["name"] for c in made.get_columns(table.name)} == set(table.columns.keys())
        assert {i["name"] for i in made.get_indexes(table.name)} >= {i.name for i in table.indexes}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("calls.sqlite3", "'calls.sqlite3' is not an address of a store"),
        ("mysql://root@localhost/calls", "is not an address of a store"),
        (
            "sqlite:////nowhere/at/all.sqlite3",
            "records can't be kept at sqlite:////nowhere/at/all",
        ),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:9/x", "records can't be kept at postgresql"),
    ],
)
def test_a_store_that_can_not_be_opened_says_why_and_no_password(url: str, message: str) -> None:
    with pytest.raises(SetupError, match=message) as found:
        Store(url)
    assert "hunter2" not in str(found.value)


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are notes, and long enough to be no empty database." * 20)
    with pytest.raises(SetupError, match="file is not a database"):
        Store(f"sqlite:///{tmp_path / 'notes.txt'}")
    assert (tmp_path / "notes.txt").read_text().startswith("These are notes")
