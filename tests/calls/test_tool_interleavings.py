"""However tools and the caller's words interleave, each result reaches the model exactly once."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, quick_call

LAST = "That was all."


@dataclass(frozen=True)
class Work:
    """A tool that takes ``ticks`` of 50 ms."""

    ticks: int
    on_interrupt: Literal["cancel", "finish"]


WORKS = st.lists(
    st.builds(Work, st.integers(0, 6), st.sampled_from(["cancel", "finish"])), min_size=1, max_size=3
)
INTERRUPTIONS = st.lists(st.integers(0, 5), max_size=2)


def make(number: int, work: Work) -> Tool:
    """The tool ``work_<number>``, whose result says which it is."""

    @tool(name=f"work_{number}", on_interrupt=work.on_interrupt)
    async def run() -> str:
        """Work."""
        await asyncio.sleep(work.ticks * 0.05)
        return f"the result of {number} is here"

    return build(run, "x")


async def play(style: str, works: list[Work], interruptions: list[int], folder: Path) -> QuickCall:
    """A call in which the model calls all of ``works`` at once, and the caller speaks after so many ticks."""
    asked = Answer(calls=tuple(ToolCall(f"work_{number}") for number in range(len(works))))
    tools = [make(number, work) for number, work in enumerate(works)]
    answers = [asked, *[Answer("Yes.")] * 12]
    async with (
        Resources() as resources,
        quick_call(folder, style, tools, answers, resources=resources) as call,
    ):
        await call.say("Do it.")
        await call.until(lambda: len(call.brain.asked) >= (1 if style == "cascaded" else 2))
        for ticks in interruptions:
            await asyncio.sleep(ticks * 0.05)
            await call.say("Wait.")
        await call.until(lambda: len(ended(call)) == len(works))
        await call.until(lambda: "Yes." in call.agent_words and not call.speaking)
        before = len(call.brain.asked)
        await call.say(LAST)
        await call.until(lambda: len(call.brain.asked) > before)
    return call


def ended(call: QuickCall) -> dict[str, str]:
    """What became of each tool."""
    return {entry.name: entry.status for entry in call.record.transcript if entry.who == "tool"}


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True)
@given(works=WORKS, interruptions=INTERRUPTIONS)
def test_each_result_reaches_the_model_once(style: str, works: list[Work], interruptions: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        call = asyncio.run(play(style, works, interruptions, Path(folder)))
    entries = [entry.name for entry in call.record.transcript if entry.who == "tool"]
    assert sorted(entries) == [f"work_{number}" for number in range(len(works))]
    told = str(call.brain.asked[-1].messages)
    for number, work in enumerate(works):
        status = ended(call)[f"work_{number}"]
        assert status == "ok" or (work.on_interrupt == "cancel" and interruptions), (number, status)
        assert told.count(f"the result of {number} is here") == (status == "ok"), (number, status, told)
