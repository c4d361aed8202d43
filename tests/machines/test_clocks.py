"""Two machines whose clocks are a minute apart: nothing is closed that lives, tokens and limits hold."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agentrun.simulate.caller import PhoneCall
from tests.machines.rig import Machines, machines, stream_of
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
    pytest.mark.needs(FAKETIME, "apt-get install faketime"),
]
APART_SECONDS = 60
LOOKS_SECONDS = 12.0
"""In which each server says twice that it is there, and looks twice for calls whose server is not."""


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


def ahead() -> dict[str, str]:
    """What gives a process a clock that is ahead; the one that counts its timers stays as it is."""
    return {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME": f"+{APART_SECONDS}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


async def one_call_at_each(rig: Machines, stack: contextlib.AsyncExitStack) -> list[PhoneCall]:
    """Two calls: the webhook of each came to the machine that does not have it."""
    calls = [await stack.enter_async_context(rig.call_between(1 - each, each)) for each in range(2)]
    for call in calls:
        await call.hear_greeting(silence=0.3)
    return calls


async def test_clocks_that_are_a_minute_apart_end_no_call_and_let_nobody_in(
    tmp_path: Path, store: str
) -> None:
    limits = {"desk": "{}", "small": "{calls: 1}"}
    async with machines(tmp_path, store, limits, environs=({}, ahead())) as rig:
        async with contextlib.AsyncExitStack() as stack:
            calls = await one_call_at_each(rig, stack)
            begun = [datetime.fromisoformat(str(row["started"])) for row in rig.records()]
            assert max(begun) - min(begun) > timedelta(seconds=APART_SECONDS / 2), "each has one"
            answers = [await rig.ring(base, "small", f"CA{n:032x}") for n, base in enumerate(rig.urls * 2)]
            assert sum(stream_of(answer) is not None for answer in answers) == 1
            await asyncio.sleep(LOOKS_SECONDS)
            assert not any(call.over for call in calls)
            assert {row["id"] for row in rig.records() if not row["ended"]} == {one.call_sid for one in calls}
            await asyncio.gather(*(call.hang_up() for call in calls))
        async with asyncio.timeout(20):
            while any(not row["ended"] for row in rig.records()):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)
        rows = rig.records()
        assert [row["ended_by"] for row in rows] == ["caller", "caller"]
        assert max(float(str(row["seconds"])) for row in rows) < APART_SECONDS
