"""Ended records leave a store once, and none is lost on the way."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from agentrun.records.store import engine
from agentrun.records.store.store import CUT_OFF, Store
from agentrun.records.webhook.outbox import Message
from tests.records.store.stored_calls import call, lapse

Open = Callable[[str], Store]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens stores, which are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda url: stack.enter_context(Store(url))


def claimed(store: Store, most: int = 100) -> list[Message]:
    return store.outbox.claim("desk", most, 60)


def test_an_ended_record_of_an_agent_with_a_webhook_is_put_there_once(url: str, opened: Open) -> None:
    store, ended = opened(url), call("CA1").as_json()
    store.save([ended, call("CA2", ended=False).as_json(), call("CA3", "other").as_json()], "one", {"desk"})
    store.save([ended], "one", {"desk"})
    [message] = claimed(store)
    assert json.loads(message.body) == ended
    assert (message.agent, message.call, message.tries) == ("desk", "CA1", 1)
    assert store.outbox.waiting(["desk", "other"]) == {"desk": 1, "other": 0}
    assert store.outbox.claim("other", 9, 60) == []


def test_a_record_and_its_message_are_written_together_or_not_at_all(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1", ended=False).as_json()], "one", {"desk"})
    with store._engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE outbox RENAME TO elsewhere"))
    with pytest.raises(sa.exc.SQLAlchemyError):
        store.save([call("CA1").as_json()], "one", {"desk"})
    found = store.get("CA1")
    assert found is not None
    assert found["ended"] is None


def test_what_changes_before_it_is_sent_is_sent_as_it_is_then(url: str, opened: Open) -> None:
    store, record = opened(url), call("CA1")
    store.save([record.as_json()], "one", {"desk"})
    record.errors.append("late")
    store.save([record.as_json()], "one", {"desk"})
    [message] = claimed(store)
    assert json.loads(message.body)["errors"] == ["late"]


def test_what_changes_after_it_was_sent_is_sent_again_under_its_id(url: str, opened: Open) -> None:
    store, record = opened(url), call("CA1")
    store.save([record.as_json()], "one", {"desk"})
    [first] = claimed(store)
    store.outbox.delivered(first)
    store.save([record.as_json()], "one", {"desk"})
    assert claimed(store) == []
    record.errors.append("late")
    store.save([record.as_json()], "one", {"desk"})
    [second] = claimed(store)
    assert second.id == first.id
    assert json.loads(second.body)["errors"] == ["late"]


def test_many_who_claim_at_once_get_each_message_once(url: str, opened: Open) -> None:
    stores = [opened(url) for _ in range(4)]
    stores[0].save([call(f"CA{number}").as_json() for number in range(60)], "one", {"desk"})
    got: list[list[str]] = [[] for _ in stores]

    def take(index: int) -> None:
        while found := claimed(stores[index], 3):
            got[index] += [message.id for message in found]

    threads = [threading.Thread(target=take, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    everything = [name for names in got for name in names]
    assert len(everything) == len(set(everything)) == 60


def test_a_claim_whose_holder_is_silent_lapses_and_the_id_stays(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1").as_json()], "one", {"desk"})
    [lost] = store.outbox.claim("desk", 1, 0)
    [again] = claimed(store)
    assert (again.id, again.tries) == (lost.id, 2)
    store.outbox.delivered(lost)
    assert store.outbox.waiting(["desk"]) == {"desk": 1}
    store.outbox.delivered(again)
    assert store.outbox.waiting(["desk"]) == {"desk": 0}


def test_a_message_that_is_to_be_tried_again_waits_its_time(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1").as_json()], "one", {"desk"})
    [message] = claimed(store)
    store.outbox.again(message, 60)
    assert claimed(store) == []
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET due = '2026-01-01T00:00:00+00:00'"))
    [later] = claimed(store)
    assert later.id == message.id
    store.outbox.give_up(later)
    assert claimed(store) == []


def test_a_call_whose_server_was_killed_is_sent_when_it_is_closed(url: str, opened: Open) -> None:
    store = opened(url)
    rows = [call("CA1", ended=False).as_json(), call("CA2", "other", ended=False).as_json()]
    store.save(rows, "killed", {"desk"})
    lapse(store)
    assert len(store.close_abandoned(store.lapsed())) == 2
    [message] = claimed(store)
    record = json.loads(message.body)
    assert (record["id"], record["reason"], record["ended_by"]) == ("CA1", CUT_OFF, "error")
    assert record == store.get("CA1")


def test_delivered_text_is_not_kept_and_the_rest_is_forgotten_with_its_call(url: str, opened: Open) -> None:
    store = opened(url)
    store.save([call("CA1").as_json(), call("CA2").as_json()], "one", {"desk"})
    first, _ = claimed(store)
    store.outbox.delivered(first)
    with store._engine.begin() as connection:
        bodies = connection.execute(sa.text("SELECT body FROM outbox WHERE state = 'delivered'")).scalars()
        assert list(bodies) == [""]
    store.forget(datetime.now(UTC) + timedelta(days=1))
    with store._engine.begin() as connection:
        assert list(connection.execute(sa.text("SELECT state FROM outbox")).scalars()) == ["waiting"]


@pytest.mark.parametrize(("days", "states"), [(2, ["waiting"]), (4, [])])
def test_what_nobody_tries_any_more_is_forgotten_too(
    url: str, opened: Open, monkeypatch: pytest.MonkeyPatch, days: int, states: list[str]
) -> None:
    """The agent has lost its webhook: nobody claims its messages, and nobody gives them up."""
    store = opened(url)
    store.save([call("CA1").as_json()], "one", {"desk"})
    later = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(engine, "now", lambda _connection: later)
    store.forget(later - timedelta(days=1))
    with store._engine.begin() as connection:
        assert list(connection.execute(sa.text("SELECT state FROM outbox")).scalars()) == states
