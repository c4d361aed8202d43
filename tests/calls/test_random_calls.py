"""Whatever happens on a call, its record does not contradict itself: random calls."""

from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records.invariants import violations
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.faults import Fault, Kind, Route
from agentrun.testing import virtual_time
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, quick_call

SEEDS, CALLS_EACH = 6, 10
"""For each style: 120 calls together; more seeds are tried by raising this."""
QUICK_SEEDS = 4
"""How many of the seeds are among the quick tests."""
HOSTILE = ("Well \ud83d then.", "[/x] \x1b[2J now.", "A \x00 here.", "Good. \u202eback.")
WORDS = "One two three four five six seven eight nine ten."
"""What the model says, as often as chance has it."""
STEPS = ("say", "say", "say", "wait", "wait", "wait", "key", "linger", "interrupt", "fault", "slow", "end")


@dataclass(frozen=True)
class RouteFault:
    """A fault of one route of the providers."""

    route: Route
    kind: Kind
    status: int = 500
    after: int = 0


FAULTS = {
    "cascaded": (
        RouteFault("chat", "status", 500),
        RouteFault("chat", "status", 429),
        RouteFault("chat", "hang"),
        RouteFault("chat", "cut", after=200),
        RouteFault("speech", "status", 500),
        RouteFault("speech", "cut", after=9600),
        RouteFault("speech", "hang"),
    ),
    "realtime": (
        RouteFault("realtime", "error", after=2),
        RouteFault("realtime", "close", after=5),
        RouteFault("realtime", "drop", after=9),
    ),
}


@tool(timeout="3s")
async def look_up(seconds: float) -> str:
    """Look something up.

    Args:
        seconds: How long it takes.
    """
    await asyncio.sleep(seconds)
    return "It is there \ud83d."


def chosen(chance: random.Random) -> list[Answer]:
    """What the model does on one call: short and long answers, hostile ones, and tools."""
    return [answer(chance) for _ in range(60)]


def answer(chance: random.Random) -> Answer:
    match chance.randrange(4):
        case 0:
            return Answer(calls=(ToolCall("look_up", {"seconds": chance.choice([0.0, 0.4, 2.0, 9.0])}),))
        case 1:
            return Answer(chance.choice(HOSTILE))
        case 2:
            return Answer("Yes.")
        case _:
            return Answer(" ".join([WORDS] * chance.randint(1, 4)))


async def act(call: QuickCall, chance: random.Random) -> None:
    """One thing that a caller, a server or chance does."""
    step = chance.choice(STEPS)
    if step == "say":
        await call.say("Tell me.")
    elif step == "interrupt" and call.speaking:
        await call.say("Stop.")
    elif step == "key":
        await call.press(chance.choice("0123456789*#"))
    elif step == "fault":
        kind, times = chance.choice(FAULTS[call.style]), chance.choice([1, 1, 3])
        call.openai.conditions.faults[kind.route] = Fault(kind.kind, kind.status, times, kind.after)
    elif step == "slow":
        call.openai.conditions.latency["chat"] = chance.choice([0.0, 0.5, 3.0, 9.0])
    elif step == "end" and chance.random() < 0.2:
        await call.session.end("server", "the server is stopping")
    elif step == "linger":
        await asyncio.sleep(chance.uniform(1.0, 6.0))
    await asyncio.sleep(chance.uniform(0.0, 1.5))


async def play(style: str, chance: random.Random, resources: Resources, folder: Path) -> QuickCall:
    heard = ["Tell me.", *HOSTILE, "Go on."]
    answers = chosen(chance)
    async with quick_call(
        folder, style, TOOLS, answers, resources=resources, heard=heard, greeted=False
    ) as call:
        for _ in range(chance.randint(0, 10)):
            await act(call, chance)
            if call.record.ended_by:
                break
    return call


TOOLS: list[Tool] = [build(look_up, "x")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=[pytest.mark.slow] if seed >= QUICK_SEEDS else []) for seed in range(SEEDS)],
)
@pytest.mark.parametrize("style", STYLES)
def test_a_record_of_a_random_call_does_not_contradict_itself(style: str, seed: int) -> None:
    async def run() -> list[tuple[int, list[str]]]:
        found = []
        async with Resources() as resources:
            for number in range(CALLS_EACH):
                chance = random.Random(f"{style} {seed} {number}")
                with tempfile.TemporaryDirectory() as folder:
                    call = await play(style, chance, resources, Path(folder))
                wrong = violations(call.record.as_json())
                if wrong:
                    parts = (*call.record.transcript, *call.record.turns, *call.record.errors)
                    found.append((number, [*wrong, *map(str, parts)]))
        return found

    assert virtual_time.run(run()) == []
