"""Whatever a call has begun is ended with it, and each part whatever becomes of the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.session import closing
from agentrun.session.responses.remedies import Remedies
from tests.calls.quick import quick_call


async def test_a_recording_that_can_t_be_begun_leaves_the_caller_with_the_agent(tmp_path: Path) -> None:
    class Broken:
        def begin(self, *_call: Any) -> None:
            raise PermissionError("no folder")

    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, recordings=Broken()) as call,
    ):
        assert call.agent_words == ["Hello."]
    assert call.record.ended_by == "caller"
    assert call.record.errors == ["recording: it could not be begun: PermissionError('no folder')"]


async def test_what_is_done_about_an_answer_does_not_outlive_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    async def went_wrong(*_answer: Any) -> None:
        steps.append("begun")
        try:
            await asyncio.sleep(600)
        finally:
            steps.append("ended")

    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources) as call,
    ):
        monkeypatch.setattr(Remedies, "went_wrong", went_wrong)
        call.session.parts.response_deadline.owed()
        await call.until(lambda: steps)
    assert steps == ["begun", "ended"]


async def test_no_task_of_a_call_is_left_when_its_record_is_there(tmp_path: Path) -> None:
    async with Resources() as resources:
        async with quick_call(tmp_path, "cascaded", [], [], resources=resources) as call:
            tasks = list(call.session._tasks.running)
        assert tasks
        assert all(task.done() for task in tasks)


async def test_a_part_that_can_t_be_closed_keeps_none_open() -> None:
    closed, record = list[str](), CallRecord("CA1", "desk", "twilio")

    async def broken() -> None:
        raise RuntimeError("stuck")

    async def last() -> None:
        closed.append("last")

    await closing.close(record, lambda: closed.append("first"), broken, None, last)
    assert closed == ["first", "last"]
    assert record.errors == ["not closed: RuntimeError('stuck')"]


async def test_a_task_that_ignores_its_cancellation_is_waited_for_so_long_and_no_longer() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
                return
            except asyncio.CancelledError:
                pass

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    await closing.end([task])
    assert asyncio.get_running_loop().time() - began == pytest.approx(closing.LEAVE_SECONDS, abs=0.5)
    await task
