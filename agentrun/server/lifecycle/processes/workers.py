"""Several processes on one port: each is a complete server, and one that dies is replaced."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from loguru import logger
from prometheus_client.multiprocess import mark_process_dead

from agentrun.server.shared_state import opening

LEDGER = "ledger.sqlite"
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Where the workers' metrics meet; Prometheus' client reads it when it is imported."""
MENDABLE = (1, 2)
"""Exit codes for what the user has to mend: every worker says the same when all begin."""
REST_SECONDS = 1.0
"""Between the end of a worker and its replacement, so that one that can't start costs little."""


class Stop(Protocol):
    """How the supervisor is told to stop: first ``asked``, then ``now``.

    Once it is ``replaced``, the socket is another server's as well.
    """

    asked: asyncio.Event
    now: asyncio.Event
    replaced: asyncio.Event
    gently: bool


class Workers:
    """Runs ``number`` servers with the same ``arguments`` on ``sock``, which is bound; they share ``folder``.

    ``shared`` and ``records`` are what they were told of where their state is.
    The supervisor only holds the socket, so what connects while a worker is replaced waits for it.
    """

    def __init__(
        self,
        number: int,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        sock: socket.socket,
        folder: Path,
        shared: str | None = None,
        records: str | None = None,
    ) -> None:
        self._arguments = arguments
        self._sock = sock
        self._ledger = folder / LEDGER
        self._state = opening.address(shared, records, self._ledger)
        self._metrics = folder / "metrics"
        self._metrics.mkdir()
        self._tie, self._held = os.pipe()
        variables = {
            "AGENTRUN_WORKER_FD": str(sock.fileno()),
            "AGENTRUN_SUPERVISOR_FD": str(self._tie),
            "AGENTRUN_LEDGER": str(folder / LEDGER),
            MULTIPROCESS: str(self._metrics),
        }
        self._environ = {**environ, **variables}
        self._number = number
        self._processes: dict[int, Process] = {}
        self._code = 0

    async def run(self, stop: Stop) -> int:
        """Serve until it is to ``stop``, which the workers are told in the same way; the exit code."""
        waits = [asyncio.create_task(self._keep(index, stop)) for index in range(self._number)]
        passing = [
            asyncio.create_task(self._pass_on(stop.replaced, lambda: signal.SIGUSR1)),
            *(asyncio.create_task(self._pass_on(it, lambda: _number(stop))) for it in (stop.asked, stop.now)),
        ]
        try:
            await asyncio.wait(waits)
        finally:
            for task in passing:
                task.cancel()
            os.close(self._tie)
            os.close(self._held)
        return self._code

    async def _keep(self, index: int, stop: Stop) -> None:
        """Have worker ``index`` run, in one process after the other."""
        event, is_first = stop.asked, True
        while not (event.is_set() or stop.replaced.is_set()):
            try:
                process = await self._start(index)
            except OSError as error:
                # no memory or no process to be had: the others go on, and there may be some in a moment
                logger.error("worker {} can't be started: {}", index, error)
                await _rest(event)
                continue
            self._processes[index] = process
            # what the workers were told while this one was being started
            for number in _told(stop):
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
            code = await process.wait()
            del self._processes[index]
            # where no thread is to be had, its places are free once its lease lapses
            with contextlib.suppress(RuntimeError):
                await asyncio.to_thread(opening.forget_process, self._state, process.pid)
            mark_process_dead(process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
            # what a worker that takes the place of another can't begin with costs no call of the others
            mendable = code in MENDABLE and (is_first or not self._processes)
            is_first = False
            if -code in _told(stop):
                # it was ended by what it was told, which it could not listen to yet: no call was its own
                continue
            if mendable or (event.is_set() and code):
                # what the others say of being stopped for it is not the reason
                self._code = self._code or code
                event.set()
            elif not event.is_set():
                following = "none" if stop.replaced.is_set() else "a new one"
                logger.error("worker {} ended with {}; its calls are over; {} starts", index, code, following)
                await _rest(event)

    async def _start(self, index: int) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agentrun", *self._arguments),
            env={**self._environ, "AGENTRUN_WORKER": str(index)},
            pass_fds=(self._sock.fileno(), self._tie),
            start_new_session=True,
        )

    async def _pass_on(self, event: asyncio.Event, number: Callable[[], signal.Signals]) -> None:
        await event.wait()
        for process in list(self._processes.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number())


async def _rest(event: asyncio.Event) -> None:
    """Wait for ``REST_SECONDS``, or until the workers are to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), REST_SECONDS)


def _told(stop: Stop) -> list[signal.Signals]:
    """The signals that every worker has been sent by now."""
    events = ((stop.replaced, signal.SIGUSR1), (stop.asked, _number(stop)))
    return [number for event, number in events if event.is_set()]


def _number(stop: Stop) -> signal.Signals:
    return signal.SIGTERM if stop.gently else signal.SIGINT
