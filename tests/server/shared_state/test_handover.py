"""Processes hand calls to each other and tell each other of them: in SQLite, and in PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from agentrun.server.shared_state import handover, message_table
from agentrun.server.shared_state.backend import Message, Place, Placed, Process, Renamed, Up
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.shared_state.handover import Handover
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.state import SharedState
from agentrun.server.shared_state.tables import MESSAGES, PLACES, PROCESSES
from tests.log_lines import log_lines
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
DIAL = "dial-" + "0" * 16
PLACED = Placed(DIAL, "desk", "a", "+1555", "+1666", {"patient": "Ada"}, "2026-11-28T12:00:00+00:00")
Both = tuple[SharedState, SharedState]


@pytest.fixture(params=["sqlite", "postgresql"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    address = f"sqlite:///{tmp_path}/shared.sqlite"
    if request.param == "postgresql":
        address = emptied(request.getfixturevalue("postgresql"))
    states = tuple(SharedState(SqlBackend(address), Process(name)) for name in "ab")
    for state in states:
        await state.beat()
    yield states  # type: ignore[misc]
    for state in states:
        await state.close()


def backend(state: SharedState) -> SqlBackend:
    assert isinstance(state.shared, SqlBackend)
    return state.shared


async def test_a_placed_call_is_known_to_all_and_one_of_them_has_it(both: Both) -> None:
    one, other = map(Handover, both)
    await one.keep(PLACED)
    assert await other.placed(DIAL) == PLACED
    assert await other.placed("dial-unknown") is None
    await other.attach(DIAL, "CA1")
    await one.attach(DIAL, "CA2")
    assert await other.adopt(DIAL, "somebody else") is None
    former = await other.adopt(DIAL)
    assert former is not None
    assert await other.adopt(DIAL, "a") is not None, "an answer that was lost is given again"
    assert (former.owner, former.call_id, former.parameters) == ("a", "CA1", {"patient": "Ada"})
    now_known = await one.placed(DIAL)
    assert now_known is not None
    assert now_known.owner == "b"


async def test_of_a_call_that_is_over_no_number_and_no_parameter_stays(both: Both) -> None:
    one, other = map(Handover, both)
    await one.keep(PLACED)
    await one.keep(replace(PLACED, ended=True))
    placed = await other.placed(DIAL)
    assert placed is not None
    assert (placed.ended, placed.caller, placed.called, placed.parameters) == (True, "", "", {})


async def test_a_message_reaches_its_process_at_once_and_no_other(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    # who is not told would find it by chance, after so long
    monkeypatch.setattr(handover, "LISTEN_SECONDS", 90.0)
    one, other = map(Handover, both)
    heard: asyncio.Queue[tuple[str, Mapping[str, str]]] = asyncio.Queue()

    def listen(side: Handover) -> asyncio.Task[None]:
        async def note(body: Mapping[str, str]) -> None:
            await heard.put((side.me, body))

        side.on_message("status", note)
        return asyncio.create_task(side.run())

    listening = [listen(each) for each in (one, other)]
    await asyncio.sleep(0.2)
    assert await one.tell("b", "of another kind")
    for number in range(3):
        assert await one.tell("b", "status", number=str(number))
    bodies = [await asyncio.wait_for(heard.get(), 20) for _ in range(3)]
    assert sorted(bodies, key=str) == [("b", {"number": str(number)}) for number in range(3)]
    assert heard.empty()
    for task in listening:
        task.cancel()


async def test_what_was_told_to_a_process_that_has_died_another_hears(both: Both) -> None:
    one, other = (backend(state) for state in both)
    assert one.messages.tell("b", Message("status", {}))
    assert one.messages.read("a") == []
    with one.engine.begin() as connection:
        connection.execute(sa.update(PROCESSES).where(PROCESSES.c.id == "b").values(expires=0.0))
    assert one.messages.read("a") == [Message("status", {})]
    assert other.messages.read("b") == []
    assert not one.messages.tell("b", Message("status", {})), "nobody is there any more"


async def test_a_message_is_read_by_one_of_many(both: Both) -> None:
    one, other = (backend(state) for state in both)
    with one.engine.begin() as connection:
        lost = [{"owner": "gone", "kind": "k", "body": {}, "expires": time.time() + 60} for _ in range(10)]
        connection.execute(sa.insert(MESSAGES), lost)
    with ThreadPoolExecutor(4) as pool:
        reads = list(pool.map(lambda n: (one, other)[n % 2].messages.read("ab"[n % 2]), range(4)))
    assert sum(map(len, reads)) == 10


async def test_who_does_not_read_is_told_only_so_much(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_table, "MOST_MESSAGES", 2)
    one, other = map(Handover, both)
    assert [await one.tell("b", "status") for _ in range(3)] == [True, True, False]
    assert len(backend(both[1]).messages.read("b")) == 2
    assert await other.tell("a", "status")


async def test_a_call_that_is_up_elsewhere_stays_up_when_it_gets_its_name_here(both: Both) -> None:
    one, other = (backend(state) for state in both)
    one.apply([Up(Place("desk", DIAL, "+1666"))], "a")
    other.apply([Up(Place("desk", "CA1", "+1666"))], "b")
    one.apply([Renamed("desk", DIAL, "CA1")], "a")
    with one.engine.connect() as connection:
        rows = [(row.call, row.owner, row.expires) for row in connection.execute(sa.select(PLACES))]
    assert rows == [("CA1", "b", None)]


async def test_who_has_let_go_of_a_call_writes_nothing_of_it(both: Both) -> None:
    one, other = map(Handover, both)
    await one.keep(PLACED)
    await other.adopt(DIAL)
    await one.keep(replace(PLACED, ended=True))
    placed = await other.placed(DIAL)
    assert placed is not None
    assert (placed.ended, placed.owner) == (False, "b")


async def test_a_database_that_is_busy_is_asked_again(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    one, table = Handover(both[0]), backend(both[0]).placed
    keep, tries = table.keep, iter([TimeoutError, OSError, None])

    def sometimes(placed: Placed) -> None:
        if trouble := next(tries):
            raise trouble
        keep(placed)

    monkeypatch.setattr(table, "keep", sometimes)
    assert await one.keep(PLACED)
    assert await one.placed(DIAL) == PLACED


async def test_a_database_that_does_not_come_back_is_told_of(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(handover, "UNHEARD_SECONDS", 0.3)
    for name in ("keep", "get", "attach", "adopt"):
        monkeypatch.setattr(backend(both[0]).placed, name, gone)
    one = Handover(both[0])
    assert not await one.keep(PLACED)
    with pytest.raises(DatabaseDownError):
        await one.placed(DIAL)


async def test_who_is_alone_reaches_nobody() -> None:
    alone = Handover(SharedState())
    await alone.keep(PLACED)
    assert await alone.placed(DIAL) is None
    assert await alone.adopt(DIAL) is None
    assert not await alone.tell("b", "status")
    await alone.run()


async def test_what_is_done_later_and_breaks_is_told() -> None:
    async def broken() -> None:
        raise KeyError("dial")

    one = Handover(SharedState(None, Process("a")))
    with log_lines("ERROR") as lines:
        one.later(broken())
        await one.close()
        await asyncio.sleep(0)
    assert any("another process or a placed call broke" in line for line in lines)


def test_a_connection_that_is_made_while_everything_closes_is_closed(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = SqlBackend(emptied(postgresql))
    made, begin = [], side.messages._begin_to_listen

    def closed_meanwhile(owner: str) -> object:
        side.messages.close()
        made.append(begin(owner))
        return made[-1]

    monkeypatch.setattr(side.messages, "_begin_to_listen", closed_meanwhile)
    side.messages.listen("a", 0.1)
    assert [connection.closed for connection in made] == [True]
    side.close()
