"""The record of a transfer that nobody took says so, whichever process has it."""

from __future__ import annotations

import asyncio

import pytest

from agentrun.records import CallRecord
from agentrun.server.records.recent_records import RecentRecords
from agentrun.server.shared_state.handover import Handover
from agentrun.server.twilio import transfer_outcomes
from agentrun.server.twilio.transfer_outcomes import TransferOutcomes
from tests.calls.desk import until
from tests.server.shared_state.test_handover import Both, both, postgresql

__all__ = ["both", "postgresql"]
LEFT, WORDS = "the agent transferred the caller", "nobody answered there"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_outcomes, "LOOKS", (0.0, 0.05, 0.05, 0.05, 0.05))


def transferred(*, ended: bool = True) -> CallRecord:
    record = CallRecord("CA1", "desk", "twilio", reason=LEFT)
    record.answer()
    if ended:
        record.close()
    return record


class Process:
    """One of a service, with the records that it has, and what its store was asked for."""

    def __init__(self, handover: Handover) -> None:
        self.handover, self.records = handover, RecentRecords()
        self.outcomes = TransferOutcomes(self.records, handover)
        self.amended: list[str] = []
        self.records.add_to_reason = self._amend

    def _amend(self, agent: str, call_id: str, words: str) -> bool:
        self.amended.append(f"{agent} {call_id}: {words}")
        return True


async def test_twilio_may_ask_before_the_record_has_ended(both: Both) -> None:
    one, record = Process(Handover(both[0])), transferred(ended=False)
    one.records.add(record)
    changed: list[CallRecord] = []
    one.records.on_add(changed.append)
    one.outcomes.note("desk", "CA1", WORDS)
    await asyncio.sleep(0.01)
    assert record.reason == LEFT
    record.close()
    await until(lambda: changed == [record], 5)
    assert record.reason == f"{LEFT}; {WORDS}"
    assert one.amended == []


async def test_another_process_that_has_the_record_is_told(both: Both) -> None:
    one, other = (Process(Handover(state)) for state in both)
    other.records.add(record := transferred())
    await both[0].beat()
    listening = asyncio.create_task(other.handover.run())
    one.outcomes.note("desk", "CA1", WORDS)
    await until(lambda: record.reason == f"{LEFT}; {WORDS}", 10)
    assert other.amended == []
    listening.cancel()


async def test_the_store_is_looked_at_again_for_whoever_writes_it_may_write_once_more(both: Both) -> None:
    one = Process(Handover(both[0]))
    one.outcomes.note("desk", "CA1", WORDS)
    looks = len(transfer_outcomes.LOOKS)
    await until(lambda: len(one.amended) == looks, 5)
    assert set(one.amended) == {f"desk CA1: {WORDS}"}
