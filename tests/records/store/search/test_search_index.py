"""The index for searches finds what the records say, whatever wrote them, and forgets what they forget."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry
from agentrun.records.redaction.redaction import Redaction
from agentrun.records.store import engine
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.search import sqlite
from agentrun.records.store.store import CallQuery, Store
from agentrun.records.store.tables import CALLS
from tests.records.store.test_call_filter import FILTERS, rows

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
INSERTION = sa.text(
    "INSERT INTO calls (agent, id, started, ended, record) VALUES (:agent, :id, :started, :ended, :record)"
)


def call(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    began = BEGAN - timedelta(minutes=number)
    record = CallRecord(f"CA{number}", "desk", "twilio", started=began, ended=began, ended_by="caller")
    record.transcript = [Entry(1.0, "caller", text)]
    return dataclasses.replace(record, **more).as_json()


def older(number: int, text: str) -> dict[str, Any]:
    """What an agentrun without an index writes of a call."""
    row = call(number, text)
    key = {name: row[name] for name in ("agent", "id", "started", "ended")}
    return {**key, "record": json.dumps(row)}


def ended() -> list[dict[str, Any]]:
    """The rows of the other tests of searches, all of them of calls that have ended."""
    return [{**row, "ended": row["ended"] or BEGAN.isoformat()} for row in rows()]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as made:
        yield made


def ids(store: Store, has: CallFilter, **more: Any) -> list[str]:
    return [row["id"] for row in store.find(CallQuery(has=has, **more), ("from_number",))]


def index_all(store: Store) -> int:
    return sum(iter(store.search.add, 0))


def database(store: Store, statement: Any) -> Any:
    with store._engine.begin() as connection:
        result = connection.execute(statement)
        return result.all() if result.returns_rows else result.rowcount


def count(store: Store, table: str) -> int:
    return int(database(store, sa.select(sa.func.count()).select_from(sa.table(table)))[0][0])


@pytest.mark.parametrize("indexed", [0, 3, 6])
def test_calls_are_found_alike_whether_they_are_in_the_index_or_not(store: Store, indexed: int) -> None:
    store.save(ended(), "a server")
    if indexed:
        assert store.search.add(indexed) == indexed
    wrong = {
        has: (ids(store, has), wanted)
        for has in FILTERS
        if ids(store, has) != (wanted := [row["id"] for row in ended() if has.matches(row)])
    }
    assert not wrong


@pytest.mark.parametrize("most", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("word", ["often", "seldom", "nowhere"])
def test_the_newest_calls_are_found_whether_many_or_few_have_the_word(
    store: Store, monkeypatch: pytest.MonkeyPatch, most: int, word: str
) -> None:
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", most)
    said = ["often" + (" seldom" if number in (1, 17, 19) else "") for number in range(20)]
    store.save([call(number, words) for number, words in enumerate(said)], "a server")
    index_all(store)
    for query in ({}, {"since": BEGAN - timedelta(minutes=18)}, {"before": BEGAN - timedelta(minutes=3)}):
        last = 18 if "since" in query else 19
        first = 4 if "before" in query else 0
        wanted = [f"CA{number}" for number in range(first, last + 1) if word in said[number]]
        assert ids(store, CallFilter(text=word), **query) == wanted[:most]


def test_an_old_call_is_found_behind_any_number_of_newer_ones(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", 2)
    store.save([call(n, "nothing") for n in range(8)] + [call(9, "A table in the GÄRTEN, 東京")], "a server")
    assert ids(store, CallFilter(text="gärten")) == [], "nobody has put it into the index yet"
    assert store.last_searched(CallQuery(has=CallFilter(text="gärten"))) is not None
    assert index_all(store) == 9
    for text in ("gärten", "ÄR", "東京", "東", "table in", "n the g"):
        assert ids(store, CallFilter(text=text)) == ["CA9"], text
        assert store.last_searched(CallQuery(has=CallFilter(text=text))) is None
    assert ids(store, CallFilter(text="nothing")) == ["CA0", "CA1"]
    until = datetime.fromisoformat(store.last_searched(CallQuery(has=CallFilter(text="nothing"))) or "")
    assert ids(store, CallFilter(text="nothing"), before=until) == ["CA2", "CA3"]
    assert ids(store, CallFilter(text="nothing"), since=BEGAN, agent="desk") == ["CA0"]
    assert ids(store, CallFilter(text="nothing"), agent="des") == []


def test_a_word_of_two_letters_is_read_for_in_a_bounded_number_of_texts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MOST_READ", 3)
    store.save([call(n, "東京" if n in (1, 4, 6) else "nothing") for n in range(8)], "a server")
    index_all(store)
    two = CallFilter(text="東京")
    if store._engine.dialect.name == "postgresql":
        assert ids(store, two) == ["CA1", "CA4", "CA6"]
        assert store.last_searched(CallQuery(has=two)) is None
        return
    before, found = None, []
    for _ in range(3):
        found.append(ids(store, two, before=before, agent="desk"))
        if (until := store.last_searched(CallQuery("desk", has=two, before=before))) is None:
            break
        before = datetime.fromisoformat(until)
    assert found == [["CA1"], ["CA4"], ["CA6"]], "each page looks further back"
    assert until is None, "that was all"


def test_what_an_older_agentrun_writes_comes_into_the_index_again(store: Store) -> None:
    store.save([call(0, "first words")], "a server")
    assert index_all(store) == 1
    record = call(0, "other words")
    change = {"record": record, "seen": "2026-11-01T12:00:01+00:00"}
    assert database(store, sa.update(CALLS).values(change)) == 1
    assert (ids(store, CallFilter(text="first")), ids(store, CallFilter(text="other"))) == ([], ["CA0"])
    assert index_all(store) == 1
    assert (ids(store, CallFilter(text="first")), ids(store, CallFilter(text="other"))) == ([], ["CA0"])
    assert index_all(store) == 0
    with store._engine.begin() as connection:
        connection.execute(INSERTION, older(1, "older"))
    assert ids(store, CallFilter(text="older")) == ["CA1"]
    assert index_all(store) == 1


def test_a_call_that_is_up_is_not_in_the_index_until_it_has_ended(store: Store) -> None:
    store.save([call(0, "hello there", ended=None, ended_by=None)], "a server")
    assert index_all(store) == 0
    assert ids(store, CallFilter(text="there", outcome="up")) == ["CA0"]
    store.save([call(0, "hello there")], "a server")
    assert index_all(store) == 1
    assert ids(store, CallFilter(text="there", outcome="caller")) == ["CA0"]
    assert ids(store, CallFilter(text="there", outcome="up")) == []


@pytest.mark.parametrize("forget", [True, False])
def test_what_is_deleted_is_not_in_the_index_either(store: Store, forget: bool) -> None:
    store.save([call(0, "keep this"), call(600, "my secret garden")], "a server")
    assert index_all(store) == 2
    if forget:
        assert store.forget(BEGAN - timedelta(hours=1)) == 1
    else:
        assert database(store, sa.text("DELETE FROM calls WHERE id = 'CA600'")) == 1, "as older ones do"
    assert count(store, "search_index") == 1
    if store._engine.dialect.name == "sqlite":
        assert [row[0] for row in database(store, sa.text("SELECT text FROM search_text"))] == ["keep this"]
    assert ids(store, CallFilter(text="this")) == ["CA0"]


def test_old_calls_are_deleted_some_at_a_time_the_oldest_first(store: Store) -> None:
    store.save([call(n, "old words") for n in range(5)], "a server")
    assert index_all(store) == 5
    later = BEGAN + timedelta(hours=1)
    assert store.forget(later, 3) == 3
    assert ids(store, CallFilter(text="words")) == ["CA0", "CA1"]
    assert (store.forget(later, 3), store.forget(later, 3)) == (2, 0)
    assert count(store, "search_index") == 0


def test_the_index_has_nothing_that_the_record_hides(url: str) -> None:
    hidden = Redaction(["phone", "email"])
    spoken = "Call me on +1 415 555 0132, or write to ada@example.com."
    with Store(url) as store:
        store.save([call(0, spoken, redaction=hidden, from_number="+14155550132")], "a server")
        assert index_all(store) == 1
        for has in (CallFilter(text="555"), CallFilter(text="ada@"), CallFilter(number="4155")):
            assert ids(store, has) == []
        assert ids(store, CallFilter(text="call me on")) == ["CA0"]
        if url.startswith("sqlite"):
            texts = str(database(store, sa.text("SELECT * FROM search_text")))
            assert "0132" not in texts
            assert "example.com" not in texts


def test_servers_that_fill_the_index_at_once_put_each_call_in_once(url: str) -> None:
    stores = [Store(url) for _ in range(4)]
    stores[0].save([call(n, f"number {n}") for n in range(60)], "a server")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(index_all, stores)) >= 60
    assert index_all(stores[0]) == 0
    assert count(stores[0], "search_index") == 60
    assert ids(stores[1], CallFilter(text="number 47")) == ["CA47"]
    for each in stores:
        each.close()


def test_calls_that_began_in_one_moment_are_all_found(store: Store) -> None:
    store.save([{**call(n, "together"), "started": BEGAN.isoformat()} for n in range(5)], "a server")
    assert index_all(store) == 5
    assert set(ids(store, CallFilter(text="together"))) == {f"CA{n}" for n in range(5)}


def test_any_part_of_any_text_is_found(store: Store) -> None:
    dice = random.Random(7)
    letters = "aAbBäÄß \"'%_*():|=\\\n-東😀"
    texts = ["".join(dice.choices(letters, k=40)) for _ in range(12)]
    store.save([call(n, text) for n, text in enumerate(texts)], "a server")
    assert index_all(store) == 12
    for number, text in enumerate(texts):
        for length in (1, 2, 3, 5, 12):
            at = dice.randrange(len(text) - length)
            has = CallFilter(text=text[at : at + length])
            matching = {f"CA{n}" for n, each in enumerate(texts) if has.text.lower() in each.lower()}
            assert set(ids(store, has)) == matching, (number, has)


def test_a_sqlite_without_full_text_search_looks_into_the_newest_calls(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", 3)
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        for statement in (
            "DROP TRIGGER search_deletion",
            "DROP TABLE search_text",
            "DROP TABLE search_index",
        ):
            database(store, sa.text(statement))
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([call(n, "all the same") for n in range(5)], "a server")
        assert store.search.add() == 0
        assert ids(store, CallFilter(text="same")) == ["CA0", "CA1", "CA2"]
        assert store.forget(BEGAN + timedelta(days=1)) == 5


def test_a_store_of_before_is_searched_at_once_and_put_into_the_index_in_batches(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until(step: str) -> Callable[..., None]:
        from alembic import command

        upgrade = command.upgrade
        return lambda config, _revision: upgrade(config, step)

    made = engine.make(url)
    with monkeypatch.context() as patch, made.begin() as connection:
        patch.setattr("alembic.command.upgrade", until("0007"))
        engine.migrate(connection)
        names = [column["name"] for column in sa.inspect(connection).get_columns("calls")]
        assert "search_state" not in names
        connection.execute(INSERTION, [older(number, f"before {number}") for number in range(30)])
    made.dispose()
    with Store(url) as store:
        assert ids(store, CallFilter(text="before 17")) == ["CA17"]
        assert [store.search.add() for _ in range(3)] == [20, 10, 0]
        assert ids(store, CallFilter(text="before 17")) == ["CA17"]
