"""The clock that jumps, on a machine that has no time for this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentrun.testing import virtual_time

WORK_SECONDS = 0.05
PATIENCE_SECONDS = 2 * WORK_SECONDS
NICENESS = 5
"""Of the thread at work, as turns are judged below the priority of the calls' loop."""
HOG = "print('busy', flush=True)\nwhile True: pass"
STOPPED = """
import asyncio, sys, time
from agentrun.testing import virtual_time

def compute():
    began = time.thread_time()
    while time.thread_time() - began < 0.3:
        pass

async def main():
    print("begun", flush=True)
    async with asyncio.timeout(0.9):
        await asyncio.to_thread(compute if sys.argv[1] == "computes" else lambda: time.sleep(0.3))

virtual_time.run(main())
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the states of threads")


@pytest.fixture
def starved() -> Iterator[None]:
    """This process shares one processor with another one that never rests."""
    everywhere = os.sched_getaffinity(0)
    here = {min(everywhere)}
    os.sched_setaffinity(0, here)
    try:
        with subprocess.Popen([sys.executable, "-c", HOG], stdout=subprocess.PIPE) as hog:
            assert hog.stdout is not None
            hog.stdout.readline()
            yield
            hog.kill()
    finally:
        os.sched_setaffinity(0, everywhere)


def compute() -> str:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    began = time.thread_time()
    while time.thread_time() - began < WORK_SECONDS:
        pass
    return "judged"


def counted(pool: ThreadPoolExecutor) -> asyncio.Future[str]:
    return asyncio.get_running_loop().run_in_executor(pool, compute)


def not_counted(pool: ThreadPoolExecutor) -> asyncio.Future[str]:
    """Nothing tells the loop that somebody is at work, as with the end of a turn that is judged early."""
    return asyncio.wrap_future(pool.submit(compute))


@linux
@pytest.mark.parametrize("ask", [counted, not_counted])
@pytest.mark.usefixtures("starved")
def test_patience_lasts_for_the_same_work_on_a_busy_machine(
    ask: Callable[[ThreadPoolExecutor], asyncio.Future[str]],
) -> None:
    async def judged_in_time() -> str:
        with ThreadPoolExecutor(1) as pool:
            answer = ask(pool)
            # as sound goes on meanwhile, in pieces of 20 ms
            pieces = asyncio.create_task(send_pieces())
            try:
                return await asyncio.wait_for(answer, PATIENCE_SECONDS)
            finally:
                pieces.cancel()

    async def send_pieces() -> None:
        for _ in range(1_000):
            await asyncio.sleep(0.02)

    assert virtual_time.run(judged_in_time()) == "judged"


@linux
@pytest.mark.usefixtures("starved")
def test_the_loops_own_work_counts_with_its_processor_time() -> None:
    async def seconds_of_work() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        compute_here()
        return loop.time() - began

    def compute_here() -> None:
        began = time.thread_time()
        while time.thread_time() - began < WORK_SECONDS:
            pass

    assert WORK_SECONDS <= virtual_time.run(seconds_of_work()) < 1.5 * WORK_SECONDS


@linux
@pytest.mark.slow
def test_a_process_that_was_stopped_has_not_waited() -> None:
    with contextlib.ExitStack() as stack:
        programs = {way: stack.enter_context(begun(way)) for way in ("computes", "sleeps")}
        time.sleep(0.1)
        for program in programs.values():
            program.send_signal(signal.SIGSTOP)
        time.sleep(1.2)
        for program in programs.values():
            program.send_signal(signal.SIGCONT)
        errors = {way: program.communicate(timeout=60)[1] for way, program in programs.items()}
    assert errors == {"computes": "", "sleeps": ""}


@contextlib.contextmanager
def begun(way: str) -> Iterator[subprocess.Popen[str]]:
    """A program whose thread works for 0.3 s, from then on."""
    command = [sys.executable, "-c", STOPPED, way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield program


@pytest.mark.parametrize("way", ["computes", "waits"])
def test_a_thread_that_never_answers_is_given_up(way: str) -> None:
    over = threading.Event()

    def never() -> None:
        while not over.wait(60 if way == "waits" else 0):
            pass

    async def give_up() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(never), 0.2)
            return loop.time() - began
        finally:
            over.set()

    assert 0.2 <= virtual_time.run(give_up()) < 1
