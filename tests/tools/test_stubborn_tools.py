"""Tools that don't let go: the model is told at the timeout, and nothing of them reaches the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from loguru import logger

from agentrun import Call, ToolError, tool
from agentrun.testing import virtual_time
from agentrun.tools.build import build
from agentrun.tools.call_tools import CallTools
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running import contained_tasks, loop_guard
from agentrun.tools.running.invoke import LET_GO_SECONDS, invoke
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
        tools = CallTools()
        tools.on_left_behind = left.append
        running = asyncio.create_task(tools.run(build(swallow, "desk"), CALL, {}))
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


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        (Exception, "failed", "failed and gave no result."),
        (ToolError, "refused", "its text raises RuntimeError"),
    ],
)
async def test_an_error_that_can_not_be_put_into_words_is_told_all_the_same(
    kind: type[Exception], status: str, text: str
) -> None:
    class UnreadableError(kind):  # type: ignore[valid-type,misc]
        def __str__(self) -> str:
            raise RuntimeError("no words")

    async def breaks() -> str:
        """Break."""
        raise UnreadableError

    outcome = await invoke(build(breaks, "desk"), CALL, {})
    assert (outcome.status, outcome.text.endswith(text)) == (status, True)


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
    ended = list[Callable[[], None]]()

    @tool(timeout=20)
    async def blocks() -> str:
        """Block."""
        await asyncio.sleep(0)
        block()
        ended.append(block)
        return "never"

    outcome = await invoke(build(blocks, "desk"), CALL, {})
    assert (outcome.status, ended) == ("failed", [])
    assert "held the event loop" in outcome.detail


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


async def test_a_tool_that_was_interrupted_gets_less_time_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_guard, "BLOCKED_SECONDS", 0.5)
    monkeypatch.setattr(loop_guard, "BLOCKED_AGAIN_SECONDS", 0.1)

    @tool(timeout=20)
    async def blocks() -> str:
        """Block."""
        time.sleep(30)  # noqa: ASYNC251 - that is the fault
        return "never"

    made = build(blocks, "desk")
    first, second = [await invoke(made, CALL, {}) for _ in range(2)]
    assert "more than 0.5 s" in first.detail
    assert "more than 0.1 s" in second.detail


class SlowToCollect:
    """Garbage in a circle, whose end takes a while."""

    def __init__(self) -> None:
        self.circle = self

    def __del__(self) -> None:
        time.sleep(0.6)


async def test_a_garbage_collection_is_not_held_against_a_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_guard, "BLOCKED_SECONDS", 0.2)

    @tool(timeout=20)
    async def collects() -> str:
        """Leave garbage, which is collected at once."""
        SlowToCollect()
        gc.collect()
        return "done"

    assert (await invoke(build(collects, "desk"), CALL, {})).text == "done"


async def test_a_machine_that_stands_still_is_not_held_against_a_tool() -> None:
    async def work() -> str:
        return ""

    step = work()
    guard = loop_guard.GuardedSteps(step)
    guard._collected = guard._collections.seconds
    guard._due = time.monotonic() - 1.0
    assert guard.is_overdue()
    guard._forgive(2.0)
    assert not guard.is_overdue()
    step.close()
    guard._due = time.monotonic() - 0.5  # the next step
    assert guard.is_overdue()
    guard._work.close()


EXITS = [SystemExit, KeyboardInterrupt]


@pytest.mark.parametrize("error", EXITS)
@pytest.mark.parametrize("nested", [False, True])
def test_a_task_of_a_tool_that_exits_ends_itself_alone(error: type[BaseException], nested: bool) -> None:
    async def leave() -> None:
        await asyncio.sleep(0)
        raise error

    async def start() -> None:
        await asyncio.create_task(leave())

    async def starts_one() -> str:
        """Start a task, and go on."""
        (done,) = await asyncio.gather(
            asyncio.create_task(start() if nested else leave()), return_exceptions=True
        )
        return type(done).__name__

    async def main() -> Outcome:
        outcome = await invoke(build(starts_one, "desk"), CALL, {})
        await asyncio.sleep(0.1)
        return outcome

    assert virtual_time.run(main()).text == "TaskExitedError"


@pytest.mark.parametrize("error", EXITS)
def test_a_task_that_a_tool_forgot_does_not_end_the_server(error: type[BaseException]) -> None:
    kept: list[asyncio.Task[None]] = []

    async def leave() -> None:
        await asyncio.sleep(1)
        raise error

    async def forgets() -> str:
        """Start a task, and be done."""
        kept.append(asyncio.create_task(leave(), name="left"))
        return "done"

    async def main() -> tuple[str, BaseException | None]:
        outcome = await invoke(build(forgets, "desk"), CALL, {})
        await asyncio.sleep(2)
        return outcome.text, kept[0].exception()

    text, raised = virtual_time.run(main())
    assert text == "done"
    assert isinstance(raised, contained_tasks.TaskExitedError)
    assert kept[0].get_name() == "left"


def test_tasks_of_others_are_made_as_they_were() -> None:
    made: list[str] = []

    async def work() -> None:
        """Nothing."""

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(type(coro).__name__)
        return asyncio.Task(coro, loop=loop, **options)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        with contained_tasks.contained():
            inside = asyncio.create_task(work())
        await asyncio.gather(inside, asyncio.create_task(work()))
        cancelled = asyncio.create_task(work())
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)

    virtual_time.run(main())
    assert made[:3] == ["_Contained", "coroutine", "coroutine"]


def test_a_task_that_is_cancelled_before_it_begins_leaves_no_warning() -> None:
    async def work() -> None:
        """Nothing."""

    async def main() -> None:
        with contained_tasks.contained():
            started = asyncio.create_task(work())
        started.cancel()
        await asyncio.gather(started, return_exceptions=True)
        assert started.cancelled()

    virtual_time.run(main())
