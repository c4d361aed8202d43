"""Two processes place calls together: whichever hears of a call, its owner acts, and its record is one.

Over SQLite, and over PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.records import CallRecord
from agentrun.server.admission.admission import Admission
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state import handover
from agentrun.server.shared_state.backend import Process
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.outbound import dialler, own_calls
from agentrun.server.twilio.outbound.dialler import Diallers
from agentrun.server.twilio.outbound.outgoing_call import Outgoing
from agentrun.server.twilio.stream_tokens import StreamGrant
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioError

TO, FROM = "+15557654321", "+15551234567"
SPEC = """\
name: desk
transport: {type: twilio, dial: {machine: hang_up}}
limits: {calls: 1}
prompts: {system: "You call {{ call.body.patient }}.", greeting: Hello.}
"""


class Account:
    """Twilio, which calls whom it is asked to; what it answers may get lost."""

    lost = False

    async def place(self, form: Mapping[str, object]) -> str:
        if self.lost:
            raise TwilioError("Twilio can't be reached: ReadTimeout", unknown=True)
        return "CA" + str(form["To"])[1:]


@dataclass
class Side:
    """One process: who places calls there, and what its store is given to write."""

    switchboard: Switchboard
    diallers: Diallers
    written: list[CallRecord] = field(default_factory=list)
    forgotten: list[CallRecord] = field(default_factory=list)

    @property
    def database(self) -> SqlBackend:
        """What it shares with the other."""
        shared = self.switchboard.state.shared
        assert isinstance(shared, SqlBackend)
        return shared

    async def place(self, to: str = TO) -> Outgoing:
        return await self.diallers.place("desk", to, {"patient": "Ada"})

    async def hears(self, dial: str, status: str = "", answered_by: str = "", call: str = "") -> None:
        """Twilio tells this process of a call."""
        placed = await self.diallers.placed.find(dial)
        assert placed is not None
        sid = call or "CA" + TO[1:]
        await self.diallers.placed.attach(dial, sid)
        await self.diallers.placed.tell(placed, sid, status, answered_by)

    async def gets_stream(self, outgoing: Outgoing) -> CallRecord:
        """The stream of a call comes to this process."""
        grant = StreamGrant("desk", outgoing.record.id, FROM, TO, 0.0, outgoing.id)
        await self.diallers.placed.arrive(self.switchboard.plans["desk"], grant)
        record = self.switchboard.records.get("desk", outgoing.record.id)
        assert record is not None
        return record


@contextlib.asynccontextmanager
async def side(folder: Path, name: str, address: str) -> AsyncIterator[Side]:
    """A process that shares what is at ``address`` with the others."""
    path = folder / "desk.yaml"
    path.write_text(SPEC)
    env = {"OPENAI_API_KEY": "test", "TWILIO_FROM_NUMBER": FROM}
    plan = planning.make(spec.load(path), (), env)
    state = SharedState(SqlBackend(address), Process(name))
    await state.beat()
    async with Resources() as resources:
        switchboard = Switchboard({"desk": plan}, resources, Admission(state=state))
        one = Side(switchboard, Diallers(switchboard, ServerSettings("127.0.0.1", Access.SIGNED, env)))
        switchboard.records.on_add(one.written.append)
        switchboard.records.on_forget(one.forgotten.append)
        listening = asyncio.create_task(switchboard.handover.run())
        yield one
        listening.cancel()
        await switchboard.close()
        await state.close()


@pytest.fixture
async def both(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Side, Side]]:
    monkeypatch.setattr(twilio_rest, "account", lambda _environ: Account())
    async with side(tmp_path, "one", url) as one, side(tmp_path, "other", url) as other:
        yield one, other


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - two processes have no event
            await asyncio.sleep(0.02)


Both = tuple[Side, Side]
EARLY = "the call was over before its stream came"


async def test_the_end_of_a_call_reaches_the_process_that_placed_it(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await other.hears(outgoing.id, "ringing")
    await other.hears(outgoing.id, "busy")
    await until(lambda: outgoing.record.ended is not None)
    assert (outgoing.record.outcome, outgoing.record.reason) == ("busy", "the line was busy")
    assert other.written == []
    await until(lambda: one.switchboard.admission.held == 0)
    again = await one.place("+15550001111")
    assert again.record.ended is None, "its place is not free"


async def test_both_share_the_places_of_calls_that_they_place(both: Both) -> None:
    one, other = both
    await one.place()
    with pytest.raises(Exception, match="taken"):
        await other.place("+15550001111")


async def test_the_process_that_gets_the_stream_goes_on_with_the_record(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await one.hears(outgoing.id, "in-progress")
    record = await other.gets_stream(outgoing)
    await until(lambda: one.forgotten != [])
    assert record.key == outgoing.record.key
    assert (record.started, record.direction, record.outcome) == (
        outgoing.record.started,
        "outbound",
        "answered",
    )
    assert (record.from_number, record.to_number) == (FROM, TO)
    assert one.switchboard.records.get("desk", record.id) is None
    await one.hears(outgoing.id, answered_by="machine_start")
    await until(lambda: record.outcome == "machine")
    assert record.answered_by == "machine_start"
    assert outgoing.record.answered_by == "", "who has let go of a call heard of it"


async def test_who_answered_is_told_to_the_process_that_gets_the_stream_later(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await one.hears(outgoing.id, "in-progress", "machine_start")
    record = await other.gets_stream(outgoing)
    await until(lambda: record.answered_by == "machine_start")
    assert record.outcome == "machine"


async def leave(one: Side) -> None:
    """A process goes without a word to the others."""
    assert one.switchboard.state.shared is not None
    one.switchboard.state.shared.leave("one")


async def test_a_process_that_is_gone_is_stood_in_for(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    await other.hears(outgoing.id, "no-answer")
    (record,) = {id(each): each for each in other.written}.values()
    assert (record.key, record.outcome, record.ended_by) == (outgoing.record.key, "no-answer", "network")
    assert record.started == outgoing.record.started


async def test_a_call_whose_process_died_after_it_was_answered_ends_all_the_same(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    await other.hears(outgoing.id, "completed")
    (record,) = {id(each): each for each in other.written}.values()
    assert (record.outcome, record.ended_by, record.reason) == ("answered", "error", EARLY)


async def test_all_that_is_told_of_a_call_at_once_is_heeded_by_who_stands_in(both: Both) -> None:
    one, other = both
    outgoing = await one.place()
    await leave(one)
    words = ("ringing", "no-answer", "ringing")
    await asyncio.gather(*(other.hears(outgoing.id, status) for status in words))
    (record,) = {id(each): each for each in other.written}.values()
    assert record.outcome == "no-answer"


@pytest.mark.parametrize("hearer", [0, 1])
async def test_a_call_whose_answer_got_lost_is_named_by_its_first_callback(
    both: Both, monkeypatch: pytest.MonkeyPatch, hearer: int
) -> None:
    monkeypatch.setattr(Account, "lost", True)
    one = both[0]
    placing = asyncio.create_task(one.place())
    own = one.diallers.placed._own
    await until(lambda: own)
    dial = next(iter(own))
    await both[hearer].hears(dial, "initiated")
    outgoing = await placing
    assert outgoing.named.is_set()
    assert (outgoing.record.id, outgoing.record.ended) == ("CA" + TO[1:], None)
    await both[hearer].hears(dial, "busy")
    await until(lambda: outgoing.record.outcome == "busy")


async def test_a_call_whose_answer_got_lost_is_kept_for_its_webhook_and_then_given_up(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "lost", True)
    monkeypatch.setattr(dialler, "NAME_SECONDS", 0.05)
    monkeypatch.setattr(dialler, "LIFETIME_SECONDS", -29.5)
    one, _ = both
    outgoing = await one.place()
    placed = await one.diallers.placed.find(outgoing.id)
    assert placed is not None
    assert not placed.ended
    assert not outgoing.named.is_set()
    await until(lambda: outgoing.record.ended is not None)
    assert outgoing.record.outcome == "failed"
    assert outgoing.record.reason.endswith("ReadTimeout; nothing was heard of the call since")
    assert one.switchboard.admission.held == 0


async def test_a_call_that_was_over_before_its_stream_came_has_its_end(both: Both) -> None:
    one, _ = both
    outgoing = await one.place()
    await one.hears(outgoing.id, "in-progress")
    await one.hears(outgoing.id, "completed")
    assert (outgoing.record.outcome, outgoing.record.reason) == ("answered", EARLY)
    assert outgoing.record.ended is not None
    assert one.switchboard.admission.held == 0


async def test_of_calls_that_are_over_the_newest_alone_are_kept_whole(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_calls, "MOST_OVER", 2)
    one, _ = both
    calls = []
    for number in range(4):
        calls.append(await one.place(f"+1555765432{number}"))
        await one.hears(calls[-1].id, "busy", call=calls[-1].record.id)
    whole = list(one.diallers.placed._own.values())
    assert whole == calls[2:]
    past = await one.diallers.placed.find(calls[0].id)
    assert past is not None
    assert (past.ended, past.call_id) == (True, calls[0].record.id)
    assert (past.called, past.parameters) == ("", {})
    await one.hears(calls[0].id, "completed", call=calls[0].record.id)
    assert calls[0].record.outcome == "busy"
    assert list(one.diallers.placed._own.values()) == whole


async def test_what_was_said_at_a_process_that_is_gone_is_not_written_over(both: Both) -> None:
    one, other = both

    class Past:
        def get(self, call_id: str, agent: str | None = None) -> dict[str, object]:
            return {"id": call_id, "agent": agent, "answered": "2026-11-28T12:00:00+00:00"}

        def began(self, call_id: str, agent: str) -> None: ...

    other.switchboard.records.past = Past()
    outgoing = await one.place()
    await leave(one)
    await other.hears(outgoing.id, "completed")
    assert other.written == []


async def test_what_was_told_to_a_process_before_it_died_is_heeded(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    shared = one.database
    monkeypatch.setattr(shared.messages, "read", lambda _owner: [])
    await other.hears(outgoing.id, "failed")
    assert outgoing.record.ended is None
    await leave(one)
    await until(lambda: any(record.outcome == "failed" for record in other.written))


async def test_a_call_goes_on_by_its_token_while_the_database_is_away_and_its_owner_learns_it_later(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    outgoing = await one.place()
    shared = other.database
    with monkeypatch.context() as away:
        away.setattr(shared.placed, "adopt", refuse)
        record = await other.gets_stream(outgoing)
    assert (record.key, record.direction, record.outcome) == (outgoing.record.key, "outbound", "answered")
    await until(lambda: one.forgotten != [])
    await one.hears(outgoing.id, answered_by="fax")
    await until(lambda: record.answered_by == "fax")


async def test_a_call_is_made_known_once_the_database_is_there_again(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = both
    shared = one.database
    monkeypatch.setattr(handover, "UNHEARD_SECONDS", 0.3)
    with monkeypatch.context() as away:
        away.setattr(shared.placed, "keep", refuse)
        outgoing = await one.place()
    assert await other.diallers.placed.find(outgoing.id) is None
    async with asyncio.timeout(20):
        while await other.diallers.placed.find(outgoing.id) is None:  # noqa: ASYNC110 - a database
            await asyncio.sleep(0.05)
    await other.hears(outgoing.id, "busy")
    await until(lambda: outgoing.record.outcome == "busy")


def refuse(*_: object) -> None:
    raise OSError("connection refused")
