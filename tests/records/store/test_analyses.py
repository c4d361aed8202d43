"""Calls that wait for their analysis are found again by one server, whatever became of the first."""

from __future__ import annotations

from agentrun.records import CallRecord
from agentrun.records.store.analyses import WAITING
from agentrun.records.store.store import Store
from tests.records.store.stored_calls import call, lapse

FOUND = {"analysis": {"state": "done", "summary": "They booked."}}


def waiting(call_id: str, agent: str = "desk", ago: float = 0.0, *, ended: bool = True) -> CallRecord:
    made = call(call_id, agent, ago, ended=ended)
    made.analysis = {"state": WAITING}
    return made


def saved(store: Store, *records: CallRecord, owner: str = "first") -> None:
    rows, keys = [one.as_json() for one in records], [one.key for one in records]
    assert store.save(rows, owner, {"desk"}, keys) == []


def messages(store: Store) -> list[str]:
    return [message.body for message in store.outbox.claim("desk", 10, 30.0)]


def test_a_call_is_sent_once_its_analysis_is_there(url: str) -> None:
    with Store(url) as store:
        record = waiting("CA1")
        saved(store, record)
        assert messages(store) == []
        record.analysis = FOUND["analysis"]
        saved(store, record)
        [body] = messages(store)
        assert "They booked." in body


def test_while_its_server_is_alive_nobody_else_takes_a_call(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1"))
        assert store.analyses.claim(["desk"], "second", [], 5) == []


def test_the_call_of_a_server_that_is_gone_is_taken_by_one(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1"))
        lapse(store)
        [row] = store.analyses.claim(["desk"], "second", [], 5)
        assert row["analysis"] == {"state": WAITING, "starts": 1}
        store.touch("second")
        assert store.analyses.claim(["desk"], "third", [], 5) == []


def test_what_is_found_out_is_written_and_sent(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1"))
        lapse(store)
        store.analyses.claim(["desk"], "second", [], 5)
        assert store.analyses.settle("desk", "CA1", "second", FOUND)
        record = store.get("CA1")
        assert record is not None
        assert record["analysis"] == FOUND["analysis"]
        assert len(messages(store)) == 1
        assert store.analyses.claim(["desk"], "second", [], 5) == []
        assert not store.analyses.settle("desk", "CA1", "second", FOUND)


def test_who_has_lost_a_call_writes_nothing(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1"))
        assert not store.analyses.settle("desk", "CA1", "another", FOUND)
        record = store.get("CA1")
        assert record is not None
        assert record["analysis"] == {"state": WAITING}


def test_a_server_finds_its_own_again_but_for_those_that_it_has(url: str) -> None:
    with Store(url) as store:
        one, two = waiting("CA1", ago=20), waiting("CA2")
        saved(store, one, two)
        assert [row["id"] for row in store.analyses.claim(["desk"], "first", [one.key], 5)] == ["CA2"]


def test_calls_that_are_up_and_other_agents_are_left_alone(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1", ended=False), waiting("CA2", "other"), call("CA3"))
        lapse(store)
        assert store.analyses.claim(["desk"], "second", [], 5) == []


def test_a_call_that_was_cut_off_is_analysed_before_it_is_sent(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1", ended=False))
        lapse(store)
        assert len(store.close_abandoned(["first"])) == 1
        assert messages(store) == []
        assert [row["id"] for row in store.analyses.claim(["desk"], "second", [], 5)] == ["CA1"]


def test_how_often_it_was_begun_is_counted(url: str) -> None:
    with Store(url) as store:
        saved(store, waiting("CA1"))
        for number in range(1, 4):
            lapse(store)
            [row] = store.analyses.claim(["desk"], f"server {number}", [], 5)
            assert row["analysis"]["starts"] == number
