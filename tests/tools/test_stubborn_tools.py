"""Tools that don't let go: the model is told at the timeout, and nothing of them reaches the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from loguru import logger

from agentrun import Call, tool
from agentrun.testing import virtual_time
from agentrun.tools import loop_guard
from agentrun.tools.build import build
from agentrun.tools.call_history import Ledger
from agentrun.tools.invoke import LET_GO_SECONDS, invoke
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool

CALL = Call(id="CA1", agent="desk", transport="local")


@tool(timeout=2)
async def swallow() -> str:
    """Go on whatever happens."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


@tool(timeout=2)
async def clean_up_slowly() -> str:
    """Take half an hour to say goodbye."""
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(1800)
    return ""


@pytest.mark.parametrize("function", [swallow, clean_up_slowly])
def test_the_model_is_told_at_the_timeout_whatever_the_tool_does(function: Callable[..., Any]) -> None:
    left: list[str] = []
    lines: list[str] = []

    async def main() -> tuple[Outcome, float]:
        began = asyncio.get_running_loop().time()
        outcome = await invoke(build(function, "desk"), CALL, {}, lambda each: left.append(each.name))
        took = asyncio.get_running_loop().time() - began
        await asyncio.sleep(LET_GO_SECONDS + 0.1)
        return outcome, took

    sink = logger.add(lines.append, format="{message}")
    outcome, took = virtual_time.run(main())  # which ends, although the tool's task does not
    logger.remove(sink)
    assert outcome.status == "timeout"
    assert "took longer than 2 s" in outcome.text
    assert 2 <= took < 30
    assert left == [function.__name__]
    assert any(f"tool {function.__name__}" in line and "left behind" in line for line in lines)


def test_an_interruption_does_not_wait_for_a_tool_that_goes_on() -> None:
    left: list[Tool] = []

    async def main() -> float:
        ledger = Ledger()
        ledger.on_left_behind = left.append
        running = asyncio.create_task(ledger.run(build(swallow, "desk"), CALL, {}))
        await asyncio.sleep(0.5)
        began = asyncio.get_running_loop().time()
        running.cancel()
        await asyncio.wait({running})
        took = asyncio.get_running_loop().time() - began
        await asyncio.sleep(LET_GO_SECONDS + 0.1)
        return took

    assert virtual_time.run(main()) < 30
    assert [each.name for each in left] == ["swallow"]


async def test_a_tool_that_cleans_up_in_time_is_not_left_behind() -> None:
    cleaned: list[bool] = []
    left: list[Tool] = []

    @tool(timeout=0.05)
    async def tidy() -> str:
        """Tidy up."""
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)
        return ""

    assert (await invoke(build(tidy, "desk"), CALL, {}, left.append)).status == "timeout"
    await asyncio.sleep(LET_GO_SECONDS + 0.1)
    assert cleaned
    assert not left


@pytest.mark.parametrize(
    "error", [GeneratorExit, KeyboardInterrupt, SystemExit, BaseException, StopIteration]
)
@pytest.mark.parametrize("in_thread", [False, True])
async def test_nothing_that_a_tool_raises_reaches_the_loop(
    error: type[BaseException], in_thread: bool
) -> None:
    async def in_loop() -> str:
        """Break."""
        await asyncio.sleep(0)
        raise error

    def aside() -> str:
        """Break."""
        raise error

    outcome = await invoke(build(aside if in_thread else in_loop, "desk"), CALL, {})
    assert outcome.status == "failed"
    assert outcome.text.endswith("failed and gave no result.")


def sleep() -> None:
    time.sleep(30)


def spin() -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        pass


def insist() -> None:
    for _ in range(30):
        with contextlib.suppress(Exception):
            time.sleep(1)


@pytest.mark.parametrize("block", [sleep, spin, insist])
async def test_a_tool_that_holds_the_loop_is_interrupted(
    block: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_guard, "BLOCKED_SECONDS", 0.2)

    @tool(timeout=20)
    async def blocks() -> str:
        """Block."""
        await asyncio.sleep(0)
        block()
        return "never"

    began = time.monotonic()
    outcome = await invoke(build(blocks, "desk"), CALL, {})
    assert outcome.status == "failed"
    assert "held the event loop" in outcome.detail
    assert time.monotonic() - began < 15


async def test_a_late_signal_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_guard, "BLOCKED_SECONDS", 0.05)

    async def polite() -> str:
        """Wait, and let others work."""
        await asyncio.sleep(0.2)
        return "done"

    running = asyncio.create_task(invoke(build(polite, "desk"), CALL, {}))
    await asyncio.sleep(0.01)
    loop_guard._interrupt(0, None)
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is held, and not by the tool
    assert (await running).text == "done"
