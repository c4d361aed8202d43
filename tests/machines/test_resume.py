"""A call outlives its machine: the other one goes on, knows what was said, and no tool runs twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import cast

import pytest

from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing
from tests.calls.desk import OPEN, QUESTION, listen
from tests.machines.rig import machines
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]
SPEC = """\
name: {name}
transport: twilio
limits: {limits}
resume: true
prompts: {{system: Hi., greeting: {{say: Good evening.}}, apology: Sorry., resume: We were cut off.}}
tools: [{{use: table.book, once_per_call: true}}]
"""
PLUGIN = '''"""A table."""
from agentrun import Call, hookimpl


def book(call: Call, guests: int) -> str:
    """Book a table.

    Args:
        guests: How many.
    """
    with open({notes!r}, "a") as file:
        file.write(f"booked {{guests}}\\n")
    return "Booked."


@hookimpl
def agentrun_tools():
    return [book]


@hookimpl
def agentrun_call_ended(record):
    with open({notes!r}, "a") as file:
        file.write(f"ended by {{record['ended_by']}}\\n")
'''
BOOK = Answer(calls=(ToolCall("book", {"guests": 4}),))
BOOKED = Answer("It is booked.")
SECONDS = 3.0
"""After which the caller is spoken to again."""
CUT_OFF = "We were cut off."
HEARD = ("A table for four.", "Is it booked?", "Book it again.")


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


def plugin(folder: Path) -> Path:
    """The notes that the plugin writes, which stands beside the spec."""
    notes = folder / "notes"
    (folder / "plugins").mkdir()
    (folder / "plugins" / "table.py").write_text(PLUGIN.format(notes=str(notes)))
    return notes


async def goes_on(call: PhoneCall, streams: int) -> float:
    """Return when the next stream of the call is heard, and the words of the one before are over.

    The moment at which it was heard, of the monotonic clock.
    """
    async with asyncio.timeout(90):
        await call.until(lambda: call.streams == streams, 60)
        at = call.timeline.seconds
        await call.until(lambda: call.timeline.first_sound(at) is not None, 60)
        heard = time.monotonic()
        await listen(call, 40.0)
    assert not call.over, call.reason
    return heard


async def asks(call: PhoneCall) -> None:
    await call.say(QUESTION)
    assert await listen(call, 40.0), "there is an answer"


async def test_the_next_machine_goes_on_when_one_is_killed_and_when_one_leaves(
    tmp_path: Path, store: str
) -> None:
    notes = plugin(tmp_path)
    brain = ScriptedBrain([BOOK, BOOKED, OPEN, BOOK, BOOKED, OPEN])
    rigging = machines(
        tmp_path,
        store,
        {"desk": "{answer: 60s}"},
        spec=SPEC,
        engines=(ScriptedHearing(HEARD), brain),
        number=3,
    )
    async with rigging as rig, rig.caller.call(f"{rig.url}/desk") as call:
        greeting = await call.hear_greeting()
        await asks(call)
        # what a server that is killed has not written by then is lost
        await asyncio.sleep(1.5)
        rig.processes[await rig.up_at()].kill()
        killed = time.monotonic()
        # a busy machine needs its time for any call
        assert await goes_on(call, 2) - killed < max(SECONDS, 3 * greeting.first_sound_ms / 1000)
        await asks(call)
        rig.processes[await rig.up_at()].terminate()
        await goes_on(call, 3)
        await asks(call)
        await call.hang_up()
        async with asyncio.timeout(20):
            while not all(row["ended"] for row in rig.records()):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)
        [row] = rig.records()
        asked = [json.dumps(request.body) for request in rig.openai.requests if request.route == "chat"]
    assert row["ended_by"] == "caller"
    assert sorted(notes.read_text().splitlines()) == ["booked 4", "ended by caller"]
    assert HEARD[0] in asked[-1], "the model knows what was said"
    said = [
        entry["text"] for entry in cast(list[dict[str, str]], row["transcript"]) if entry["who"] != "tool"
    ]
    assert said == [
        "Good evening.",
        HEARD[0],
        "It is booked.",
        CUT_OFF,
        HEARD[1],
        OPEN.text,
        CUT_OFF,
        HEARD[2],
        "It is booked.",
    ]
