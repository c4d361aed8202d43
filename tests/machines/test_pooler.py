"""Two servers that reach PostgreSQL by a PgBouncer in transaction mode: limits, callbacks, outcomes."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from agentrun.simulate.twilio import Callee
from tests.machines.rig import machines, stream_of
from tests.machines.test_placed_calls import by_last_digit, hears_the_greeting, outcomes
from tests.records.conftest import emptied, pgbouncer, postgresql

__all__ = ["pgbouncer", "postgresql"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]


async def test_limits_hold_and_placed_calls_end_with_their_outcomes(
    tmp_path: Path, postgresql: str, pgbouncer: str
) -> None:
    emptied(postgresql)
    async with machines(tmp_path, pgbouncer, {"desk": "{}", "small": "{calls: 3}"}) as rig:
        answers = await asyncio.gather(
            *(rig.ring(rig.url, "small", f"CA{number:032x}") for number in range(20))
        )
        assert sum(stream_of(answer) is not None for answer in answers) == 3
        nobody, machine = Callee(end="busy"), Callee("machine_start")
        person = Callee(lives=hears_the_greeting)
        rig.twilio.connect(by_last_digit(rig, nobody=nobody, machine=machine, person=person))
        numbers = [f"+1555000{number}{who}" for number in range(2) for who in (100, 101, 102)]
        placed = await asyncio.gather(*(rig.dial(rig.url, to, patient="Ada") for to in numbers))
        assert [answer.status_code for answer in placed] == [201] * len(numbers)
        ends = {"0": ["busy", "network"], "1": ["machine", "agent"], "2": ["answered", "caller"]}
        assert await outcomes(rig, len(numbers), 60) == {to: ends[to[-1]] for to in numbers}
        heard = [code for callee in (nobody, machine, person) for code in callee.told]
        assert set(heard) == {204}
