"""A server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from agentrun.errors import SetupError
from agentrun.simulate.bench.process import started

SERVES = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; x = bytearray(50_000_000); time.sleep(60)"])
print("Loading")
print("at http://127.0.0.1:4711/desk", flush=True)
until = time.process_time() + 0.3
while time.process_time() < until: pass
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
async def test_its_address_is_read_and_what_it_uses_grows() -> None:
    async with started([sys.executable, "-c", SERVES], os.environ, cores=frozenset({0})) as server:
        assert server.url == "http://127.0.0.1:4711"
        assert os.sched_getaffinity(server.pid) == {0}
        for _ in range(100):
            used = server.usage()
            assert used is not None
            if used.cpu_seconds >= 0.3 and used.memory_mb > 50:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(f"its child is not counted: {used}")
    assert not is_running(server.pid)


async def test_one_that_ends_before_it_serves_is_told_with_its_words() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('desk.yaml:3: no such thing')"]
    with pytest.raises(SetupError, match=r"desk\.yaml:3: no such thing"):
        async with started(command, os.environ):
            pass


async def test_one_that_never_serves_is_told_with_its_words_and_ended() -> None:
    waits = "import os, time; print('Loading', os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(SetupError, match=r"did not start within 1 s:\nLoading \d+") as caught:
        async with started([sys.executable, "-S", "-c", waits], os.environ, within=1.0):
            pass
    assert not is_running(int(caught.value.message.split()[-1]))


async def test_what_it_leaves_behind_does_not_hold_anybody_up() -> None:
    leaves = "import os, time\nif os.fork(): print('http://127.0.0.1:1', flush=True)\n"
    leaves += "else: os.setsid()\ntime.sleep(15)"
    async with asyncio.timeout(10):
        async with started([sys.executable, "-S", "-c", leaves], os.environ) as server:
            assert is_running(server.pid)
    assert not is_running(server.pid)


async def test_one_that_ends_before_it_serves_is_not_waited_for_because_of_what_it_leaves_behind() -> None:
    leaves = "import os, time\nif os.fork(): print('broke', flush=True)\nelse: os.setsid(); time.sleep(15)"
    async with asyncio.timeout(10):
        with pytest.raises(SetupError, match="did not start:\nbroke"):
            async with started([sys.executable, "-S", "-c", leaves], os.environ, within=60.0):
                pass


async def test_a_program_that_is_not_there_leaves_nothing_open() -> None:
    with pytest.raises(FileNotFoundError):
        async with started(["no-such-program"], os.environ):
            pass
