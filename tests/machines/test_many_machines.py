"""Two servers behind a balancer that gives each request to the next one: any of them takes any request."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.machines.rig import Machines, machines, stream_of
from tests.records.conftest import emptied, postgresql
from tests.server.twilio.as_twilio import start

__all__ = ["postgresql"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(500),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]
CALLS = 40


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


async def is_answered(address: str, token: str, call_sid: str) -> bool:
    """Whether a stream is spoken to; it ends then."""
    async with connect(address, proxy=None) as socket:
        await socket.send(start(token, call_sid))
        try:
            async with asyncio.timeout(20):
                return "media" in str(await socket.recv())
        except ConnectionClosed:
            return False


async def greeted(rig: Machines, line: asyncio.Semaphore) -> bool:
    """Whether a call hears its greeting."""
    async with line, rig.caller.call(f"{rig.url}/desk") as call:
        await call.hear_greeting(silence=0.3)
    return True


async def test_calls_are_answered_by_any_machine_once_and_limits_hold_over_both(
    tmp_path: Path, store: str
) -> None:
    async with machines(tmp_path, store, {"desk": "{}", "small": "{calls: 3}"}) as rig:
        line = asyncio.Semaphore(4)
        async with asyncio.timeout(240):
            assert all(await asyncio.gather(*(greeted(rig, line) for _ in range(CALLS))))
        answers = await asyncio.gather(
            *(rig.ring(rig.url, "small", f"CA{number:032x}") for number in range(20))
        )
        assert [answer.status_code for answer in answers] == [200] * 20
        assert sum(stream_of(answer) is not None for answer in answers) == 3
        await one_stream_of_a_webhook_that_comes_to_both(rig)
        async with asyncio.timeout(20):
            while len(rig.records()) < CALLS + 1:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)
        assert all(row["transport"] == "twilio" for row in rig.records())


async def one_stream_of_a_webhook_that_comes_to_both(rig: Machines) -> None:
    call = "CA" + "e" * 32
    answers = await asyncio.gather(*(rig.ring(base, "desk", call) for base in rig.urls))
    streams = [found for answer in answers if (found := stream_of(answer))]
    assert len(streams) == 2, "a webhook that is repeated before its stream is answered again"
    tries = [(address, shown["token"]) for address, shown in streams]
    first, second = tries
    wrong = await is_answered(first[0], first[1], "CA" + "d" * 32)
    assert not wrong, "the token is another call's"
    assert sum(await asyncio.gather(*(is_answered(*each, call) for each in tries))) == 1
    again = [await is_answered(*each, call) for each in (first, second) * 2]
    assert again == [False] * 4
    late = await asyncio.gather(*(rig.ring(base, "desk", call) for base in rig.urls))
    assert [answer.status_code for answer in late] == [409, 409]
