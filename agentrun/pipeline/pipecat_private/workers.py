"""A pipeline worker that doesn't end on its own, and the tasks of its pipeline."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import CancelFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.worker import PipelineWorker


async def force_cancel(worker: PipelineWorker) -> None:
    """Cancel a worker whose queue is blocked by a processor that never lets the end pass.

    ``worker.cancel()`` queues its frame behind the blocked one and so waits for ever.
    """
    await worker._pipeline.queue_frame(CancelFrame())


async def clean_up(worker: PipelineWorker) -> None:
    """Have every processor close what it has open, past a worker that never comes to do so."""
    await worker._pipeline.cleanup()


def tasks(worker: PipelineWorker) -> list[asyncio.Task[None]]:
    """The tasks of a worker and of the runner that it shares its task manager with; none before its setup."""
    manager = worker._task_manager
    return list(manager.current_tasks()) if manager else []


def forget_frames(pipeline: ParallelPipeline, before: int) -> None:
    """Let a parallel pipeline forget the frames below the id ``before``.

    It remembers all that ever passed, and of a caller's audio fifty pass in a second.
    """
    pipeline._seen_ids = {frame_id for frame_id in pipeline._seen_ids if frame_id >= before}
