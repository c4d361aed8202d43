"""A pipeline is gone within its deadline, whatever a processor does."""

import asyncio

import pytest
from pipecat.frames.frames import EndFrame, Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.records import CallRecord
from agentrun.session import ending


class LetsAllPass(FrameProcessor):
    """Does nothing."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class HoldsTheEnd(FrameProcessor):
    """Never lets the end pass."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, EndFrame):
            await self.push_frame(frame, direction)


async def started(processor: FrameProcessor) -> tuple[asyncio.Task[None], PipelineWorker]:
    worker = PipelineWorker(Pipeline([processor]), enable_rtvi=False, name="call")
    up = asyncio.Event()

    async def on_started(*_: object) -> None:
        up.set()

    worker.add_event_handler("on_pipeline_started", on_started)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.wait_for(up.wait(), 10)
    return running, worker


async def test_a_pipeline_that_ends_by_itself_is_left_alone() -> None:
    running, worker = await started(LetsAllPass())
    await worker.cancel()
    await asyncio.wait({running}, timeout=10)
    await ending.stop_pipeline(running, worker)
    assert running.done()


async def test_a_processor_that_holds_the_end_cannot_hold_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "CANCEL_SECONDS", 0.5)
    running, worker = await started(HoldsTheEnd())
    await worker.stop_when_done()
    await asyncio.sleep(0.2)
    assert not running.done(), "the processor should hold the end"
    await ending.stop_pipeline(running, worker)
    assert running.done()


class Crowd(LetsAllPass):
    """Has tasks that end one after the other, as on a machine that is busy."""

    async def cleanup(self) -> None:
        for _ in range(4):
            self.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        for task in [task for task in self.task_manager.current_tasks() if "sleep" in task.get_name()]:
            await asyncio.sleep(0.3)
            await self.cancel_task(task)
        await super().cleanup()  # type: ignore[no-untyped-call]


async def test_a_pipeline_that_ends_slowly_is_not_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[object] = []

    async def force(worker: PipelineWorker) -> None:
        forced.append(worker)

    monkeypatch.setattr(ending, "CANCEL_SECONDS", 0.5)
    monkeypatch.setattr(pipecat_private, "force_cancel", force)
    running, worker = await started(Crowd())
    await ending.stop_pipeline(running, worker)
    assert running.done()
    assert not forced


async def test_a_pipeline_that_failed_is_an_error_of_the_call() -> None:
    record = CallRecord("1", "desk", "cascaded", "twilio")

    async def fails() -> None:
        raise ValueError("no such frame")

    running, worker = asyncio.create_task(fails()), PipelineWorker(Pipeline([LetsAllPass()]), name="call")
    await asyncio.wait({running})
    await ending.stop_pipeline(running, worker, record)
    assert record.errors == ["the pipeline failed: ValueError: no such frame"]
