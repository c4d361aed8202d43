"""``agentrun serve`` as a process: run to its end, or while a test calls it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests import programs
from tests.programs import ROOT, Program

SPEC = "name: desk\ntransport: twilio\nprompts: {system: Hi., greeting: Hello., apology: Sorry.}\n"
SERVE = (sys.executable, "-m", "agentrun", "serve")
Serving = Program | Process


def environ(**extra: str) -> dict[str, str]:
    """This process's environment without the variables of OpenAI and Twilio, and with ``extra``."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "TWILIO"))}
    return {**ours, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **extra}


def serve(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run ``agentrun serve`` to its end."""
    return programs.run("serve", *map(str, arguments), env=environ(**extra), timeout=25)


def assert_mendable(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """It exits with 1, prints ``words`` to standard error, and no traceback."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@contextlib.asynccontextmanager
async def serving(
    spec: Path, given: Mapping[str, str], *options: str, whole_start: bool = False
) -> AsyncIterator[tuple[Serving, str]]:
    """A serving process and its address; it is killed at the end of the block if it is still there.

    With ``whole_start`` it imports everything itself, for tests of what happens meanwhile.
    """
    arguments, env = (str(spec), "--port", "0", "--insecure", *options), environ(**given)
    process: Serving
    if whole_start:
        process = await asyncio.create_subprocess_exec(*SERVE, *arguments, stdout=PIPE, stderr=PIPE, env=env)
    else:
        process = await programs.start("serve", *arguments, env=env)
    try:
        yield process, await address_of(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address_of(process: Serving) -> str:
    """The address in the start screen of ``process``."""
    assert process.stdout is not None
    async with asyncio.timeout(100):
        async for line in process.stdout:
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/desk/twilio/voice", line.decode()):
                return found[1]
    pytest.fail("the server said no address")
