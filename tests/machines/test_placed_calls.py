"""Two servers behind a balancer place calls: whichever hears of one, it ends with what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import cast

import pytest

from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing
from agentrun.simulate.twilio import Callee, Network, TwilioCall
from tests.calls.desk import HELLO
from tests.machines.rig import SPEC, Machines, machines
from tests.machines.test_resume import CUT_OFF, asks, goes_on
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]

HEARD = ("Is it you?", "Are you still there?")
RESUMED = SPEC.replace("apology:", f"resume: {CUT_OFF}, apology:") + "resume: true\n"


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


async def hears_the_greeting(call: PhoneCall) -> None:
    await call.hear_greeting(silence=0.3)
    await call.hang_up()


def by_last_digit(rig: Machines, **callees: Callee) -> Callable[[TwilioCall], Coroutine[None, None, None]]:
    """A network in which the last digit of a number says who is there."""
    networks = [Network(rig.twilio.auth_token, callee) for callee in callees.values()]
    return lambda call: networks[int(call.to_number[-1])].put_through(call)


async def outcomes(rig: Machines, number: int, seconds: float) -> dict[str, list[object]]:
    """What came of each number that was called, once so many calls are over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(rows := [row for row in rig.records() if row["ended"]]) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    assert {row["direction"] for row in rows} == {"outbound"}
    return {str(row["to_number"]): [row["outcome"], row["ended_by"]] for row in rows}


class Talk:
    """A person who is asked something, whose line is cut, and who asks on."""

    def __init__(self) -> None:
        self.call: asyncio.Future[PhoneCall] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __call__(self, call: PhoneCall) -> None:
        self.call.set_result(call)
        await self.over


async def one_whose_machine_is_killed_in_mid_call(rig: Machines, talk: Talk) -> None:
    """Another machine goes on with it, in its record."""
    to = "+15550009994"
    assert (await rig.dial(rig.url, to, patient="Grace")).status_code == 201
    call = await asyncio.wait_for(talk.call, 30)
    await call.hear_greeting()
    await asks(call)
    # what a server that is killed has not written by then is lost
    await asyncio.sleep(1.5)
    rig.processes[await rig.up_at()].kill()
    await goes_on(call, 2)
    await asks(call)
    await call.hang_up()
    talk.over.set_result(None)
    async with asyncio.timeout(30):
        while not all(row["ended"] for row in rig.records()):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.2)
    [row] = [row for row in rig.records() if row["to_number"] == to]
    assert (row["direction"], row["outcome"], row["ended_by"]) == ("outbound", "answered", "caller")
    said = [entry["text"] for entry in cast(list[dict[str, str]], row["transcript"])]
    assert said == [HELLO.text, HEARD[0], HELLO.text, CUT_OFF, HEARD[1], HELLO.text]
    asked = [json.dumps(request.body) for request in rig.openai.requests if request.route == "chat"]
    assert "You call Grace." in asked[-1], "the call's parameters are known there"
    assert HEARD[0] in asked[-1], "the model knows what was said"


async def test_every_callback_is_heeded_and_every_call_ends_with_its_outcome(
    tmp_path: Path, store: str
) -> None:
    engines = ScriptedHearing(HEARD), ScriptedBrain([HELLO] * 100)
    agents = {"desk": "{}"}
    async with machines(tmp_path, store, agents, number=3, spec=RESUMED, engines=engines) as rig:
        nobody, machine = Callee(end="busy"), Callee("machine_start")
        person, late = Callee(lives=hears_the_greeting), Callee(end="no-answer", ring_seconds=4.0)
        talk = Talk()
        network = by_last_digit(
            rig, nobody=nobody, machine=machine, person=person, late=late, talk=Callee(lives=talk)
        )
        rig.twilio.connect(network)
        numbers = [f"+1555000{number}{who}" for number in range(2) for who in (100, 101, 102)]
        placed = await asyncio.gather(*(rig.dial(rig.url, to, patient="Ada") for to in numbers))
        assert [answer.status_code for answer in placed] == [201] * len(numbers)
        came = await outcomes(rig, len(numbers), 60)
        ends = {"0": ["busy", "network"], "1": ["machine", "agent"], "2": ["answered", "caller"]}
        assert came == {to: ends[to[-1]] for to in numbers}
        heard = [code for callee in (nobody, machine, person) for code in callee.told]
        assert (set(heard), len(heard) >= 20) == ({204}, True)
        await one_whose_machine_is_killed_in_mid_call(rig, talk)
        await one_whose_machine_is_killed_while_it_rings(rig, late)


async def one_whose_machine_is_killed_while_it_rings(rig: Machines, late: Callee) -> None:
    to = "+15550009993"
    number = next(place for place, each in enumerate(rig.processes) if each.returncode is None)
    answer = await rig.dial(rig.urls[number], to)
    assert answer.status_code == 201
    rig.processes[number].kill()
    async with asyncio.timeout(60):
        while not any(row["outcome"] == "no-answer" for row in rig.records()):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    # the balancer may ask the machine that was killed once more, until it has seen that it is gone
    assert set(late.told) <= {204, 502}
    assert late.told[-1] == 204
    assert sum(row["to_number"] == to for row in rig.records()) == 1
