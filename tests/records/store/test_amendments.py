"""What is heard of a call later is added to its record by a process that never had it."""

from __future__ import annotations

import json

from agentrun.records.store.leases import CUT_OFF
from agentrun.records.store.store import Store
from tests.records.store.stored_calls import call
from tests.records.store.test_analyses import FOUND, messages, saved, waiting

WORDS = "nobody answered there"


def reason(store: Store, call_id: str = "CA1") -> str:
    record = store.get(call_id)
    assert record is not None
    return str(record["reason"])


def test_it_is_added_once_and_the_record_is_sent_again(url: str) -> None:
    with Store(url) as store:
        record = call("CA1")
        record.reason = "the agent transferred the caller"
        saved(store, record)
        assert len(messages(store)) == 1
        assert store.amendments.add_to_reason("desk", "CA1", WORDS)
        assert reason(store) == f"the agent transferred the caller; {WORDS}"
        [body] = messages(store)
        assert json.loads(body) == store.get("CA1")
        assert store.amendments.add_to_reason("desk", "CA1", WORDS)
        assert messages(store) == []


def test_a_call_that_waits_for_its_analysis_is_sent_with_that(url: str) -> None:
    with Store(url) as store:
        record = waiting("CA1")
        saved(store, record)
        assert store.amendments.add_to_reason("desk", "CA1", WORDS)
        assert messages(store) == []
        record.analysis = FOUND["analysis"]
        saved(store, record)
        assert WORDS not in reason(store), "its own process knows nothing of it"
        assert store.amendments.add_to_reason("desk", "CA1", WORDS)
        [body] = messages(store)
        assert WORDS in body


def test_calls_that_are_up_killed_or_another_agents_are_left_alone(url: str) -> None:
    with Store(url) as store:
        killed = call("CA2")
        killed.reason = CUT_OFF
        saved(store, call("CA1", ended=False), killed, call("CA3", "other"))
        for name in ("CA1", "CA2", "CA3", "CA4"):
            assert not store.amendments.add_to_reason("desk", name, WORDS)
        assert [reason(store, name) for name in ("CA1", "CA2", "CA3")] == ["", CUT_OFF, ""]
