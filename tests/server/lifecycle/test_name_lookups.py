"""A name server that hangs holds up the look-ups of few names only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentrun.server.lifecycle import name_lookups

LOOK_UP = """
import asyncio, os, uvloop
from agentrun.server.lifecycle import name_lookups
name_lookups.widen(os.environ)
async def main():
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    print(len(os.listdir("/proc/self/task")))
uvloop.run(main())
"""


def test_what_the_operator_says_holds() -> None:
    environ = {name_lookups.VARIABLE: "8"}
    name_lookups.widen(environ)
    assert environ == {name_lookups.VARIABLE: "8"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_the_loop_has_that_many_threads_for_it() -> None:
    run = [sys.executable, "-c", LOOK_UP]
    printed = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60, env={}).stdout
    assert int(printed) > int(name_lookups.THREADS)
