"""How many calls a process holds, from how busy and how late it is; on a clock that jumps, with fake lag."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agentrun.server.admission.admission import Admission, Limits
from agentrun.server.admission.lateness import Lateness
from agentrun.server.admission.load import FIRST_GUESS, FULL_SHARE, Load, Used
from agentrun.server.shared_state.ledger import Ledger, SharedLoad
from agentrun.testing import virtual_time
from tests.server.admission.test_admission import kinds, plan


class Machine:
    """A process with so many ``calls``, each of which costs ``share`` of a core, whose loop is ``late``.

    The whole process takes ``process`` times what its loop does, of the ``cores`` that it may use.
    """

    def __init__(
        self,
        calls: int = 0,
        share: float = 0.0,
        judging: Executor | None = None,
        *,
        process: float = 0.0,
        cores: float = 4.0,
    ) -> None:
        self.calls, self.share, self.late = calls, share, 0.0
        self._process = process
        self._spent, self._at = 0.0, asyncio.get_running_loop().time()
        clock = asyncio.get_running_loop().time
        self.load = Load(lambda: self.calls, judging, clock, self._sleep, self._used, cores)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds + self.late)

    def _used(self) -> Used:
        now = asyncio.get_running_loop().time()
        self._spent += (now - self._at) * self.calls * self.share
        self._at = now
        return Used(self._spent * self._process, self._spent)

    async def live(self, seconds: float) -> None:
        """Let it be watched for a while."""
        task = asyncio.create_task(self.load.watch())
        await asyncio.sleep(seconds)
        task.cancel()


def play(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return virtual_time.run(scene())


def test_before_the_first_call_it_is_a_careful_guess() -> None:
    async def scene() -> int:
        machine = Machine()
        await machine.live(30)
        return machine.load.capacity

    assert play(scene) == round(FULL_SHARE / FIRST_GUESS)


@pytest.mark.parametrize(("share", "capacity"), [(0.1, 7), (0.029, 25), (2.0, 1)])
def test_it_holds_what_its_calls_cost(share: float, capacity: int) -> None:
    async def scene() -> int:
        machine = Machine(calls=4, share=share)
        await machine.live(12)
        return machine.load.capacity

    assert play(scene) == capacity


def test_what_a_call_cost_is_known_after_it_has_ended() -> None:
    async def scene() -> int:
        machine = Machine(calls=2, share=0.24)
        await machine.live(12)
        machine.calls = 0
        await machine.live(60)
        return machine.load.capacity

    assert play(scene) == 3


def test_a_loop_that_is_late_again_and_again_takes_no_more_calls() -> None:
    async def scene() -> tuple[bool, int]:
        machine = Machine(calls=4, share=0.01)
        machine.late = 0.08
        await machine.live(6)
        return machine.load.is_late, machine.load.capacity

    assert play(scene) == (True, 4)


@pytest.mark.parametrize("spike", [0.3, 5.0])
def test_a_single_spike_does_not_close_the_door(spike: float) -> None:
    async def scene() -> bool:
        machine = Machine(calls=4)
        await machine.live(10)
        machine.late = spike
        watching = asyncio.create_task(machine.load.watch())
        await asyncio.sleep(spike)
        machine.late = 0.0
        closed = False
        for _ in range(200):
            await asyncio.sleep(0.05)
            closed = closed or machine.load.is_late
        watching.cancel()
        return closed

    assert play(scene) is False


def test_it_opens_again_once_it_has_been_in_time_for_a_while_and_not_before() -> None:
    async def scene() -> list[bool]:
        machine = Machine(calls=4)
        machine.late = 0.1
        await machine.live(6)
        seen = [machine.load.is_late]
        machine.late = 0.0
        for seconds in (2.0, 4.0):
            await machine.live(seconds)
            seen.append(machine.load.is_late)
        return seen

    assert play(scene) == [True, True, False]


def test_half_as_late_is_not_well_again() -> None:
    """Otherwise each call that ends would open the door for the one that makes it late once more."""

    async def scene() -> bool:
        machine = Machine(calls=4)
        machine.late = 0.1
        await machine.live(6)
        machine.late = 0.04
        await machine.live(20)
        return machine.load.is_late

    assert play(scene) is True


def test_one_call_is_taken_however_late_it_is() -> None:
    async def scene() -> tuple[bool, int]:
        machine = Machine()
        machine.late = 1.0
        await machine.live(20)
        return machine.load.is_late, machine.load.capacity

    assert play(scene) == (True, 1)


@contextmanager
def blocked_threads() -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Threads that judge, all of which are at something until the event is set."""
    free = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(free.wait)
        try:
            yield threads, free
        finally:
            free.set()


def test_judging_threads_that_come_to_nothing_are_late_too() -> None:
    async def scene() -> list[bool]:
        with blocked_threads() as (threads, _free):
            machine = Machine(calls=2, judging=threads)
            await machine.live(1.2)
            seen = [machine.load.is_late]
            await machine.live(4)
            return [*seen, machine.load.is_late]

    assert play(scene) == [False, True]


def test_judging_threads_that_answer_at_once_are_not() -> None:
    class AtOnce(Executor):
        asked = 0

        def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
            self.asked += 1
            done: Future[Any] = Future()
            done.set_result(work(*given, **named))
            return done

    async def scene() -> tuple[bool, int]:
        threads = AtOnce()
        machine = Machine(calls=2, judging=threads)
        await machine.live(20)
        return machine.load.is_late, threads.asked

    late, asked = play(scene)
    assert not late
    assert 20 < asked < 60, "twice a second, not at each look"


async def test_two_calls_at_once_get_the_one_place_that_is_left(tmp_path: Path) -> None:
    door = Admission(Limits(calls="auto"), capacity=lambda: 3)
    desk = plan(tmp_path)
    assert await kinds(door, desk, range(5)) == ["", "", "", "busy", "busy"]
    door.release("desk", "CA0")
    assert await kinds(door, desk, range(5, 7)) == ["", "busy"]


async def test_without_auto_nobody_is_refused_for_the_load(tmp_path: Path) -> None:
    door = Admission(capacity=lambda: 1)
    assert await kinds(door, plan(tmp_path), range(3)) == [""] * 3


async def test_an_agent_may_ask_for_it_alone(tmp_path: Path) -> None:
    door = Admission(Limits(calls=2), capacity=lambda: 1)
    desk, other = plan(tmp_path, "limits: {calls: auto}"), plan(tmp_path, name="other")
    assert await kinds(door, desk, range(2)) == ["", "busy"]
    assert await kinds(door, other, range(2, 4)) == ["", "busy"], "the server's own limit holds for all"


async def test_the_capacity_is_asked_anew_for_each_call(tmp_path: Path) -> None:
    room = [1]
    door = Admission(Limits(calls="auto"), capacity=lambda: room[0])
    desk = plan(tmp_path)
    assert await kinds(door, desk, range(2)) == ["", "busy"]
    room[0] = 2
    assert await kinds(door, desk, range(2, 4)) == ["", "busy"]


def tell(shared: SharedLoad) -> None:
    """Have a worker say how it is; returns when the others can see it. Its thread knows no virtual clock."""
    if shared._telling:
        shared._telling.result(20)
    shared._told_at = float("-inf")
    shared._looked(0.0)
    assert shared._telling
    shared._telling.result(20)


def test_workers_hold_together_what_each_of_them_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> list[Any]:
        ledgers = [Ledger(tmp_path / "ledger.sqlite") for _ in range(2)]
        machines = [Machine(calls=1, share=0.24), Machine(calls=1, share=0.36)]
        shared = [SharedLoad(ledger, each.load) for ledger, each in zip(ledgers, machines, strict=True)]
        for number, machine in enumerate(machines):
            monkeypatch.setattr("os.getpid", lambda number=number: number)
            await machine.live(12)
            tell(shared[number])
        monkeypatch.setattr("os.getpid", lambda: 0)
        tell(shared[0])
        together = [each.capacity() for each in shared]
        door = Admission(Limits(calls="auto"), capacity=shared[1].capacity)
        admitted = await kinds(door, plan(tmp_path), range(6))
        await asyncio.sleep(10)
        return [together, admitted, shared[0].capacity()]

    assert play(scene) == [[5, 5], ["", "", "", "", "", "busy"], 3], "one that is silent is no more"


def test_workers_hold_no_more_than_the_machine_that_they_share(tmp_path: Path) -> None:
    """Four on four cores; a call takes a tenth of a core, a fifth of that in the loop."""

    async def scene() -> int:
        machines = [Machine(calls=5, share=0.02, process=5.0, cores=4 / 4) for _ in range(4)]
        for machine in machines:
            await machine.live(12)
        return sum(machine.load.most for machine in machines)

    assert play(scene) == 4 * int(FULL_SHARE / 0.1) <= 0.75 * 4 / 0.1


@pytest.mark.parametrize(("cores", "calls"), [(4.0, 15), (1.0, 15), (0.5, 7), (0.25, 3)])
def test_the_careful_guess_is_of_what_the_process_may_use(cores: float, calls: int) -> None:
    assert Load(lambda: 0, cores=cores).capacity == calls


def test_a_worker_that_is_late_closes_the_door_of_all(tmp_path: Path) -> None:
    async def scene() -> tuple[int, int]:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        machine = Machine(calls=3)
        shared = SharedLoad(ledger, machine.load)
        await machine.live(5)
        tell(shared)
        before = shared.capacity()
        machine.late = 0.2
        await machine.live(6)
        tell(shared)
        return before, shared.capacity()

    before, after = play(scene)
    assert (before > 3, after) == (True, 3)


def test_four_looks_in_ten_that_are_late_close_it_and_two_do_not() -> None:
    now = [0.0]
    for often, closed in ((0.4, True), (0.2, False)):
        loop = Lateness(0.05, lambda: now[0])
        for look in range(100):
            now[0] += 0.1
            loop.note(0.06 if look % 10 < often * 10 else 0.0)
        assert loop.is_late is closed
