"""What processes share: the same cases for memory, for SQLite, and for PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from agentrun.server.admission.limits import MINUTE, Limits
from agentrun.server.shared_state.backend import (
    LEASE_SECONDS,
    Asked,
    Backend,
    Place,
    Process,
    Released,
    Renamed,
    Up,
)
from agentrun.server.shared_state.memory import MemoryBackend
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.tables import BEGUN, PLACES, PROCESSES, USED
from tests.records.conftest import emptied

A, B = Process("a", "one"), Process("b", "two", "http://10.0.0.2:4000", "1.0")
SECONDS = 61.0


class Shared:
    """A back end as two processes have it, and a way to let time pass."""

    def __init__(self, *backends: Backend) -> None:
        self.first, self.second = backends[0], backends[-1]
        self.shift = 0.0
        self.threads = 8 if isinstance(self.first, SqlBackend) else 1
        """Memory is for one thread: the event loop's."""

    def pass_by(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.shift += seconds
        if isinstance(self.first, SqlBackend):
            with self.first.engine.begin() as connection:
                for column in (PLACES.c.expires, USED.c.expires, PROCESSES.c.expires, BEGUN.c.at):
                    connection.execute(sa.update(column.table).values({column: column - seconds}))


@pytest.fixture(params=["memory", "sqlite", "postgresql", "pgbouncer"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shared]:
    if request.param == "memory":
        found = Shared(MemoryBackend(lambda: time.monotonic() + found.shift))
        yield found
        return
    address = f"sqlite:///{tmp_path}/shared.sqlite"
    if request.param in ("postgresql", "pgbouncer"):
        emptied(request.getfixturevalue("postgresql"))
        address = request.getfixturevalue(request.param)
    both = SqlBackend(address), SqlBackend(address)
    yield Shared(*both)
    for each in both:
        each.close()


def asked(number: int, own: Limits | None = None, server: Limits | None = None, **given: str) -> Asked:
    who = {"agent": "desk", "caller": "+1555", **given}
    return Asked(who["agent"], f"CA{number}", who["caller"], SECONDS, own or Limits(), server or Limits())


def kinds(
    shared: Shared, numbers: range, own: Limits | None = None, server: Limits | None = None
) -> list[str]:
    """What calls are told that come to the two processes in turn; empty where one is let in."""
    both = shared.first, shared.second
    answers = [both[number % 2].ask(asked(number, own, server)) for number in numbers]
    return [refusal.kind if refusal else "" for refusal in answers]


def test_places_are_counted_over_both(shared: Shared) -> None:
    assert kinds(shared, range(4), Limits(calls=3)) == ["", "", "", "busy"]
    shared.second.apply([Released("desk", "CA0")], "b")
    assert kinds(shared, range(4, 6), Limits(calls=3)) == ["", "busy"]


def test_of_twenty_at_once_three_are_let_in(shared: Shared) -> None:
    both = shared.first, shared.second
    with ThreadPoolExecutor(shared.threads) as pool:
        answers = list(pool.map(lambda n: both[n % 2].ask(asked(n, server=Limits(calls=3))), range(20)))
    assert sum(answer is None for answer in answers) == 3


def test_the_places_of_a_server_are_shared_by_its_agents_and_an_agents_are_its_own(shared: Shared) -> None:
    assert shared.first.ask(asked(0, Limits(calls=1), Limits(calls=2))) is None
    assert shared.second.ask(asked(1, Limits(calls=1), Limits(calls=2), agent="other")) is None
    full = shared.second.ask(asked(2, Limits(), Limits(calls=2), agent="third"))
    assert full is not None
    assert full.kind == "busy"


def test_a_caller_has_so_many_lines_over_both_and_hidden_numbers_are_not_one_caller(shared: Shared) -> None:
    own = Limits(calls_per_caller=1)
    assert kinds(shared, range(2), own) == ["", "caller"]
    assert [shared.first.ask(asked(n, own, caller="")) for n in (5, 6)] == [None, None]
    assert shared.first.ask(asked(7, own, caller="+1666")) is None


def test_a_minute_has_so_many_calls_also_when_they_are_over(shared: Shared) -> None:
    own = Limits(calls_per_minute=2)
    assert kinds(shared, range(2), own) == ["", ""]
    shared.first.apply([Released("desk", "CA0"), Released("desk", "CA1")], "a")
    shared.pass_by(20)
    refused = shared.second.ask(asked(2, own))
    assert refused is not None
    assert refused.kind == "minute"
    assert refused.retry_after == pytest.approx(MINUTE - 20, abs=2)
    shared.pass_by(41)
    assert shared.second.ask(asked(2, own)) is None


def test_a_refused_call_counts_nowhere(shared: Shared) -> None:
    server = Limits(calls_per_minute=2)
    assert kinds(shared, range(4), Limits(calls=1), server) == ["", "busy", "busy", "busy"]
    assert shared.first.ask(asked(9, server=server, agent="other")) is None
    refused = shared.first.ask(asked(10, server=server, agent="third"))
    assert refused is not None
    assert refused.kind == "minute"


def test_asking_again_takes_one_place_and_lasts_longer(shared: Shared) -> None:
    own = Limits(calls=1, calls_per_minute=1)
    assert shared.first.ask(asked(0, own)) is None
    shared.pass_by(SECONDS - 5)
    assert shared.second.ask(asked(0, own)) is None
    shared.pass_by(SECONDS - 5)
    assert kinds(shared, range(1, 2), Limits(calls=1)) == ["busy"]


def test_a_place_is_free_again_when_its_call_never_comes(shared: Shared) -> None:
    assert kinds(shared, range(1), Limits(calls=1)) == [""]
    shared.pass_by(SECONDS + 1)
    assert kinds(shared, range(1, 2), Limits(calls=1)) == [""]


def test_a_call_that_is_up_elsewhere_keeps_its_place_while_its_process_lives(shared: Shared) -> None:
    assert shared.first.ask(asked(0, Limits(calls=1))) is None
    place = Place("desk", "CA0", "+1555")
    shared.second.apply([Up(place)], "b")
    for _ in range(4):
        shared.pass_by(LEASE_SECONDS - 1)
        shared.first.beat(A, [])
        told = shared.second.beat(B, [place])
        assert (told.up, told.expected) == (1, 0)
        assert kinds(shared, range(1, 2), Limits(calls=1)) == ["busy"]
    shared.pass_by(LEASE_SECONDS + 1)
    told = shared.first.beat(A, [])
    assert [process.id for process in told.processes] == ["a"]
    assert kinds(shared, range(1, 2), Limits(calls=1)) == [""]


def test_a_call_whose_stream_came_to_another_process_is_not_expected_any_more(shared: Shared) -> None:
    names = [("desk", f"CA{number}") for number in range(4)]
    assert kinds(shared, range(4)) == [""] * 4
    shared.second.apply([Up(Place(*names[1]))], B.id)
    shared.first.apply([Up(Place(*names[2])), Released(*names[3])], A.id)
    assert sorted(shared.first.elsewhere(A.id, names)) == [names[1], names[3]]


def test_a_heartbeat_tells_who_is_there_and_mends_what_got_lost(shared: Shared) -> None:
    shared.first.ask(asked(0))
    shared.first.ask(asked(1))
    kept, lost = Place("desk", "CA0", "+1555"), Place("desk", "CA1", "+1555")
    shared.second.apply([Up(kept), Up(lost)], "b")
    shared.first.beat(A, [])
    told = shared.second.beat(B, [kept, Place("desk", "CA9", "+1")])
    assert {process.id: process for process in told.processes} == {"a": A, "b": B}
    assert (told.up, told.expected) == (2, 0)
    assert kinds(shared, range(1, 2), Limits(calls=2)) == ["busy"]
    shared.second.leave("b")
    told = shared.first.beat(A, [])
    assert (told.processes, told.up) == ((A,), 0)


def test_a_call_gets_its_name_and_keeps_its_place(shared: Shared) -> None:
    own = Limits(calls=1)
    assert shared.first.ask(Asked("desk", "dial-1", "+1555", SECONDS, own)) is None
    shared.first.apply([Renamed("desk", "dial-1", "CA0"), Up(Place("desk", "CA0", "+1555"))], "a")
    assert kinds(shared, range(1, 2), own) == ["busy"]
    assert shared.second.ask(asked(0, own)) is None
    shared.first.apply([Released("desk", "CA0")], "a")
    assert kinds(shared, range(1, 2), own) == [""]


def test_a_name_is_used_once_over_both_until_it_is_forgotten(shared: Shared) -> None:
    assert shared.first.use("token", 60)
    assert not shared.second.use("token", 60)
    assert shared.second.use("other", 60)
    shared.pass_by(61)
    assert shared.second.use("token", 60)
    with ThreadPoolExecutor(shared.threads) as pool:
        both = shared.first, shared.second
        assert sum(pool.map(lambda n: both[n % 2].use("third", 60), range(20))) == 1


def test_what_may_happen_so_often_a_minute_is_counted_over_both(shared: Shared) -> None:
    both = shared.first, shared.second
    waits = [both[n % 2].wait("dial desk", 3) for n in range(4)]
    assert waits[:3] == [0.0] * 3
    assert waits[3] == pytest.approx(MINUTE, abs=2)
    assert shared.first.wait("dial other", 3) == 0.0
    assert kinds(shared, range(2), Limits(calls_per_minute=2), Limits(calls_per_minute=2)) == ["", ""]
    shared.pass_by(61)
    assert shared.second.wait("dial desk", 3) == 0.0


def test_a_call_is_answered_once(shared: Shared) -> None:
    assert not shared.first.has_answered("desk", "CA0")
    assert shared.first.claim("desk", "CA0")
    assert not shared.second.claim("desk", "CA0")
    assert shared.second.has_answered("desk", "CA0")
    assert not shared.second.has_answered("other", "CA0")
    shared.first.forget_answer("desk", "CA0")
    assert shared.second.claim("desk", "CA0")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800"])
def test_a_name_that_no_table_takes_is_a_call_as_well(shared: Shared, name: str) -> None:
    own, long = Limits(calls=1, calls_per_caller=1), Asked("desk", name, name, SECONDS, Limits(calls=1))
    assert shared.first.ask(long) is None
    assert shared.second.ask(long) is None
    place = Place("desk", name, name)
    shared.second.apply([Up(place)], "b")
    shared.second.beat(B, [place])
    assert kinds(shared, range(1), own) == ["busy"]
    shared.first.apply([Released("desk", name)], "a")
    assert kinds(shared, range(1), own) == [""]
