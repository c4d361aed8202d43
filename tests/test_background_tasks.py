"""A task that a server can't be without is restarted when it dies, and that is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agentrun.background_tasks import BackgroundTasks
from tests.calls.desk import until
from tests.log_lines import log_lines


@pytest.fixture
def errors() -> Iterator[list[str]]:
    with log_lines("ERROR") as lines:
        yield lines


@pytest.mark.parametrize("death", ["raises", "returns", "is cancelled"])
async def test_a_task_that_dies_is_an_error_is_restarted_and_fails_until_it_runs_again(
    death: str, errors: list[str]
) -> None:
    begun = list[int]()
    well = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) > 1:
            well.set()
        elif death == "raises":
            raise ValueError("this task is broken")
        elif death == "returns":
            return
        await asyncio.Event().wait()

    background = BackgroundTasks(rest=0.1, proven=0.3)
    name = background.start("writer", work)
    if death == "is cancelled":
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        background.running[name].cancel()
    await until(lambda: background.failing == ["writer"], 5)
    await asyncio.wait_for(well.wait(), 5)
    await until(lambda: not background.failing, 5)
    assert len(begun) == 2
    assert "the background task 'writer'" in errors[0]
    await background.stop()


async def test_a_task_that_is_stopped_has_not_died(errors: list[str]) -> None:
    background, leave, left = BackgroundTasks(rest=0.01), asyncio.Event(), list[bool]()

    async def waits() -> None:
        await leave.wait()
        left.append(True)

    background.start("one", waits, leave.set)
    background.start("two", asyncio.Event().wait)  # type: ignore[arg-type]
    await asyncio.sleep(0.02)
    await background.stop()
    assert (left, errors, background.failing, background.running) == ([True], [], [], {})


async def test_two_tasks_of_one_name_have_names_of_their_own() -> None:
    background = BackgroundTasks()
    names = [background.start("mcp shop", asyncio.Event().wait) for _ in range(2)]  # type: ignore[arg-type]
    assert names == ["mcp shop", "mcp shop (2)"]
    await background.stop()
