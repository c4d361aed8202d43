"""A placed call has its end, and every process knows it, whichever process dies and whatever is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun.records import CallRecord
from agentrun.server.shared_state import handover
from agentrun.server.shared_state.backend import Placed
from agentrun.server.twilio.outbound import unheard_calls
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioError
from tests.server.twilio.outbound.test_placed_calls import (
    EARLY,
    Account,
    Both,
    Side,
    both,
    leave,
    refuse,
    side,
    until,
)

__all__ = ["both"]


class Asked(Account):
    """Twilio, which says how a call stands to whoever asks."""

    answer = "completed"

    async def status(self, _call_sid: str) -> str:
        return self.answer


@pytest.fixture(autouse=True)
def asked(both: Both, monkeypatch: pytest.MonkeyPatch) -> Asked:
    account = Asked()
    monkeypatch.setattr(twilio_rest, "account", lambda _environ: account)
    monkeypatch.setattr(unheard_calls, "GRACE_SECONDS", -60.0)
    return account


@pytest.fixture
async def third(both: Both, tmp_path: Path, url: str) -> AsyncIterator[Side]:
    async with side(tmp_path, "third", url) as another:
        yield another


def row(one: Side, dial: str) -> Placed:
    placed = one.database.placed.get(dial)
    assert placed is not None
    return placed


def ends(one: Side, record: CallRecord) -> None:
    """The session of a call ends in this process."""
    record.ended_by = "caller"
    record.close()
    one.switchboard._close_call(one.switchboard.plans["desk"], record)


def talked(one: Side, record: CallRecord) -> None:
    """The store of this process has what was written of a call in which somebody talked."""
    written = {**record.as_json(), "answered": record.started.isoformat()}

    class Past:
        def get(self, _call_id: str, _agent: str | None = None) -> dict[str, object]:
            return written

        def began(self, call_id: str, agent: str) -> None: ...

    one.switchboard.records.past = Past()


async def test_a_call_whose_session_has_ended_is_over_for_all_though_the_last_callback_is_lost(
    both: Both,
) -> None:
    one, other = both
    outgoing = await one.place()
    ends(other, await other.gets_stream(outgoing))
    await until(lambda: row(one, outgoing.id).ended)
    assert (row(one, outgoing.id).called, row(one, outgoing.id).parameters) == ("", {})


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_the_last_word_of_a_call_that_somebody_talked_in_at_a_process_that_is_gone_ends_it(
    both: Both, status: str
) -> None:
    one, other = both
    outgoing = await one.place()
    talked(other, outgoing.record)
    await other.diallers.placed.attach(outgoing.id, outgoing.record.id)
    await leave(one)
    await other.hears(outgoing.id, "in-progress")
    assert not row(other, outgoing.id).ended
    await other.hears(outgoing.id, status)
    assert row(other, outgoing.id).ended
    assert row(other, outgoing.id).called == ""
    assert other.written == []


async def test_an_end_is_kept_until_the_database_has_it(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = both
    outgoing = await one.place()
    monkeypatch.setattr(handover, "UNHEARD_SECONDS", 0.3)
    with monkeypatch.context() as away:
        away.setattr(one.database.placed, "keep", refuse)
        await one.hears(outgoing.id, "busy")
        await asyncio.sleep(1.0)
    await until(lambda: row(one, outgoing.id).ended)


async def test_the_end_of_a_call_that_came_while_the_database_was_away_is_kept_once_it_is_back(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    with monkeypatch.context() as away:
        away.setattr(other.database.placed, "adopt", refuse)
        record = await other.gets_stream(outgoing)
        ends(other, record)
        await asyncio.sleep(0.5)
    await until(lambda: row(other, outgoing.id).owner == "other")
    await until(lambda: row(other, outgoing.id).ended)


async def test_who_stands_in_and_is_overtaken_by_the_stream_lets_go(
    both: Both, third: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    adopt, is_adopted, goes_on = other.switchboard.handover.adopt, asyncio.Event(), asyncio.Event()

    async def slow(dial: str, former: str | None = None, seconds: float | None = None) -> Placed | None:
        placed = await adopt(dial, former, seconds)
        is_adopted.set()
        await goes_on.wait()
        return placed

    monkeypatch.setattr(other.switchboard.handover, "adopt", slow)
    hearing = asyncio.create_task(other.hears(outgoing.id, "in-progress", "human"))
    await is_adopted.wait()
    record = await third.gets_stream(outgoing)
    await until(lambda: outgoing.id not in other.diallers.placed._adopting)
    goes_on.set()
    await hearing
    assert other.switchboard.records.get("desk", record.id) is None
    assert other.written == []
    await until(lambda: record.answered_by == "human")
    await other.hears(outgoing.id, "completed")
    await until(lambda: record.ended is not None)


async def test_a_stream_that_comes_to_who_is_about_to_stand_in_has_one_record(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    adopt, goes_on = other.switchboard.handover.adopt, asyncio.Event()

    async def slow(dial: str, former: str | None = None, seconds: float | None = None) -> Placed | None:
        placed = await adopt(dial, former, seconds)
        if former:
            await goes_on.wait()
        return placed

    monkeypatch.setattr(other.switchboard.handover, "adopt", slow)
    hearing = asyncio.create_task(other.hears(outgoing.id, "in-progress"))
    await until(lambda: row(other, outgoing.id).owner == "other")
    record = await other.gets_stream(outgoing)
    goes_on.set()
    await hearing
    assert {id(each) for each in other.written} == {id(record)}


async def test_who_stands_in_asks_twilio_where_the_last_callback_is_lost(both: Both, asked: Asked) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    await other.hears(outgoing.id, "in-progress")
    record = other.switchboard.records.get("desk", outgoing.record.id)
    assert record is not None
    asked.answer = "in-progress"
    await other.diallers.unheard.look()
    assert record.ended is None
    asked.answer = "completed"
    await other.diallers.unheard.look()
    assert (record.outcome, record.reason) == ("answered", EARLY)
    await until(lambda: row(other, outgoing.id).ended)


async def test_who_placed_a_call_asks_twilio_where_its_callbacks_are_lost(
    both: Both, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = both
    outgoing = await one.place()
    asked.answer = "no-answer"
    monkeypatch.setattr(unheard_calls, "LOOK_SECONDS", 0.05)
    looking = asyncio.create_task(one.diallers.unheard.run())
    await until(lambda: outgoing.record.ended is not None)
    looking.cancel()
    assert outgoing.record.outcome == "no-answer"
    assert one.switchboard.admission.held == 0


async def test_nobody_is_asked_for_a_call_that_may_still_ring(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = both
    monkeypatch.setattr(unheard_calls, "GRACE_SECONDS", 60.0)
    outgoing = await one.place()
    await one.diallers.unheard.look()
    assert outgoing.record.ended is None


async def test_a_call_whose_stream_came_to_a_process_that_died_at_once_is_ended_by_another(
    both: Both, third: Side
) -> None:
    one, other = both
    outgoing = await one.place()
    await one.hears(outgoing.id, "in-progress")
    await other.gets_stream(outgoing)
    await until(lambda: one.forgotten)
    shared = other.switchboard.state.shared
    assert shared is not None
    shared.leave("other")
    await asyncio.gather(one.diallers.unheard.look(), third.diallers.unheard.look())
    await until(lambda: row(one, outgoing.id).ended)
    written = {id(each): each for each in one.written + third.written if each is not outgoing.record}
    (record,) = written.values()
    assert (record.key, record.reason) == (outgoing.record.key, EARLY)
    assert record.ended is not None


async def test_who_was_not_told_that_a_call_went_on_elsewhere_lets_go_of_it(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    monkeypatch.setattr(one.database.messages, "read", lambda _owner: [])
    record = await other.gets_stream(outgoing)
    await one.diallers.unheard.look()
    assert one.forgotten == [outgoing.record]
    assert (outgoing.record.ended, record.ended) == (None, None)


async def test_looking_goes_on_while_twilio_and_the_database_are_away(
    both: Both, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = both
    monkeypatch.setattr(unheard_calls, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(handover, "UNHEARD_SECONDS", 0.1)
    outgoing = await one.place()
    trouble = [TwilioError("Twilio can't be reached: ReadTimeout"), None]

    async def status(_call_sid: str) -> str:
        if trouble and (error := trouble.pop(0)):
            raise error
        return "busy"

    monkeypatch.setattr(asked, "status", status)
    with monkeypatch.context() as away:
        away.setattr(one.database.placed, "get", refuse)
        looking = asyncio.create_task(one.diallers.unheard.run())
        await asyncio.sleep(0.5)
    await until(lambda: outgoing.record.ended is not None)
    looking.cancel()
    assert outgoing.record.outcome == "busy"
