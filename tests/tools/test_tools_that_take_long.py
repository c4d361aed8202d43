"""Tools that take long, get stuck, or are given up by the caller."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from agentrun import Call, tool
from agentrun.tools.build import build
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke


async def run(function: Callable[..., Any], call: Call, **arguments: Any) -> Outcome:
    return await invoke(build(function, "desk"), call, arguments)


async def test_a_slow_async_tool_is_stopped_and_the_model_is_told(call: Call) -> None:
    ended: list[str] = []

    @tool(timeout=0.02)
    async def slow() -> None:
        """Take long."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    outcome = await run(slow, call)
    assert outcome.status == "timeout"
    assert outcome.text == "slow took longer than 0.02 s and was stopped; it gave no result."
    assert ended == ["cleaned up"]


async def test_a_stuck_plain_tool_blocks_neither_the_caller_nor_other_tools(call: Call) -> None:
    gate = threading.Event()

    @tool(timeout=0.02)
    def stuck() -> None:
        """Get stuck."""
        gate.wait(60)

    def quick() -> str:
        """Answer."""
        return "here"

    stuck_tool = build(stuck, "desk")
    outcomes = await asyncio.gather(*(invoke(stuck_tool, call, {}) for _ in range(20)))
    assert {outcome.status for outcome in outcomes} == {"timeout"}
    assert (await run(quick, call)).text == "here"
    gate.set()


async def test_two_calls_of_one_tool_run_at_once_and_keep_apart(call: Call) -> None:
    both = threading.Barrier(2)

    def meet(call: Call, name: str) -> str:
        """Meet."""
        both.wait(10)
        return f"{name} {call.id}"

    meeting, other = build(meet, "desk"), Call(id="CA2", agent="desk", transport="twilio")
    outcomes = await asyncio.gather(
        invoke(meeting, call, {"name": "a"}), invoke(meeting, other, {"name": "b"})
    )
    assert [outcome.text for outcome in outcomes] == ["a CA1", "b CA2"]


@pytest.mark.parametrize("plain", [True, False])
async def test_a_caller_who_hangs_up_cancels_the_tool(call: Call, plain: bool) -> None:
    began, gate, ended = threading.Event(), threading.Event(), list[str]()

    def wait() -> None:
        """Wait."""
        began.set()
        gate.wait(60)

    async def wait_in_the_loop() -> None:
        """Wait."""
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    task = asyncio.create_task(run(wait if plain else wait_in_the_loop, call))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    assert ended == ([] if plain else ["cleaned up"])


STUCK = """
import asyncio, time
from agentrun import Call, tool
from agentrun.tools.build import build
from agentrun.tools.running.invoke import invoke

@tool(timeout=0.05)
def stuck() -> None:
    '''Get stuck.'''
    time.sleep(600)

print(asyncio.run(invoke(build(stuck, "desk"), Call("1", "desk", "local"), {})).status)
"""


def test_a_stuck_plain_tool_does_not_keep_the_process_from_ending() -> None:
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=100, check=True
    )
    assert ended.stdout == "timeout\n"
    assert time.monotonic() - began < 100
