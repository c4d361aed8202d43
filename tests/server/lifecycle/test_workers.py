"""A worker that can't be started costs the others nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentrun.server.lifecycle.processes import workers
from agentrun.server.lifecycle.processes.workers import Workers
from agentrun.server.shared_state import opening
from tests.calls.desk import until
from tests.log_lines import log_lines


class Stop:
    """How a supervisor is told to stop."""

    def __init__(self) -> None:
        self.asked, self.now, self.replaced = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.gently = True


class Worker:
    """A process that runs until it is told to end, or ``code`` is set."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.over = asyncio.Event()
        self.signals: list[int] = []
        self.code = 0

    async def wait(self) -> int:
        await self.over.wait()
        return self.code

    def send_signal(self, number: int) -> None:
        self.signals.append(number)
        self.over.set()

    def end(self, code: int) -> None:
        self.code = code
        self.over.set()


class Machine:
    """Starts processes, or says why it can't."""

    def __init__(self) -> None:
        self.started: list[Worker] = []
        self.troubles: list[OSError] = []

    async def start(self, *_arguments: str, **_options: Any) -> Worker:
        if self.troubles:
            raise self.troubles.pop()
        self.started.append(Worker(9_000_000 + len(self.started)))
        return self.started[-1]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(asyncio, "create_subprocess_exec", machine.start)
    monkeypatch.setattr(workers, "REST_SECONDS", 0.01)
    monkeypatch.setattr(opening, "forget_process", lambda *_: None)
    monkeypatch.setattr(workers, "mark_process_dead", lambda *_: None)
    return machine


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Workers]:
    with socket.socket() as sock:
        yield Workers(2, ["serve"], {}, sock, tmp_path)


async def test_a_machine_without_room_for_a_process_is_asked_again(
    machine: Machine, supervisor: Workers
) -> None:
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    machine.troubles = [BlockingIOError(11, "no process"), OSError(12, "no memory")]
    machine.started[0].end(-9)
    await until(lambda: len(machine.started) == 3, 10)
    assert machine.troubles == []
    stop.asked.set()
    assert await running == 0


async def test_what_no_worker_can_begin_with_ends_the_server_at_its_start(
    machine: Machine, supervisor: Workers
) -> None:
    running = asyncio.create_task(supervisor.run(Stop()))
    await until(lambda: len(machine.started) == 2, 10)
    machine.started[0].end(1)
    assert await running == 1
    assert len(machine.started) == 2


async def test_a_replacement_that_can_t_begin_is_tried_again_while_another_worker_serves(
    machine: Machine, supervisor: Workers
) -> None:
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    machine.started[0].end(-9)
    await until(lambda: len(machine.started) == 3, 10)
    machine.started[2].end(1)
    await until(lambda: len(machine.started) == 4, 10)
    assert not machine.started[1].over.is_set()
    stop.asked.set()
    assert await running == 0


async def test_workers_leave_the_socket_as_their_supervisor_is_told_and_none_is_replaced(
    machine: Machine, supervisor: Workers
) -> None:
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    stop.replaced.set()
    assert await asyncio.wait_for(running, 10) == 0
    assert [worker.signals for worker in machine.started] == [[signal.SIGUSR1]] * 2


async def test_a_worker_that_is_being_started_leaves_the_socket_as_the_others_do(
    machine: Machine, supervisor: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = asyncio.Event()

    async def slow(*arguments: str, **options: Any) -> Worker:
        await goes_on.wait()
        return await machine.start(*arguments, **options)

    stop = Stop()
    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow)
    running = asyncio.create_task(supervisor.run(stop))
    await asyncio.sleep(0.05)
    stop.replaced.set()
    await asyncio.sleep(0.05)
    goes_on.set()
    with log_lines("ERROR") as lines:
        assert await asyncio.wait_for(running, 10) == 0
    assert [worker.signals for worker in machine.started] == [[signal.SIGUSR1]] * 2
    assert not any("a new one" in line for line in lines)


@pytest.mark.parametrize("event", ["replaced", "asked"])
async def test_a_worker_that_can_not_listen_yet_to_what_it_is_told_is_no_failure(
    machine: Machine, supervisor: Workers, event: str
) -> None:
    """While it imports what it needs, a signal ends it."""
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    number = signal.SIGUSR1 if event == "replaced" else signal.SIGTERM
    for worker in machine.started:
        worker.code = -number
    with log_lines("ERROR") as lines:
        getattr(stop, event).set()
        assert await asyncio.wait_for(running, 10) == 0
    assert [worker.signals for worker in machine.started] == [[number]] * 2
    assert [line for line in lines if "ended with" in line] == []


async def test_a_worker_that_fails_while_it_stops_is_told_of(machine: Machine, supervisor: Workers) -> None:
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    machine.started[0].code = 3
    stop.asked.set()
    assert await asyncio.wait_for(running, 10) == 3


async def test_a_machine_without_room_for_a_thread_still_replaces_a_worker(
    machine: Machine, supervisor: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(opening, "forget_process", refuse)
    stop = Stop()
    running = asyncio.create_task(supervisor.run(stop))
    await until(lambda: len(machine.started) == 2, 10)
    machine.started[0].end(-9)
    await until(lambda: len(machine.started) == 3, 10)
    stop.asked.set()
    assert await asyncio.wait_for(running, 10) == 0


async def test_no_file_is_made_for_a_dead_worker_where_the_records_are_in_postgresql(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[object] = []
    monkeypatch.setattr(opening, "forget_process", lambda url, _pid: freed.append(url))
    url, stop = "postgresql+psycopg://db/calls", Stop()
    with socket.socket() as sock:
        running = asyncio.create_task(Workers(2, ["serve"], {}, sock, tmp_path, records=url).run(stop))
        await until(lambda: len(machine.started) == 2, 10)
        stop.asked.set()
        assert await asyncio.wait_for(running, 10) == 0
    assert freed == [url, url]
