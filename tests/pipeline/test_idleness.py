"""A call is idle when nobody speaks, and nothing but that is watched where nobody looks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotSpeakingFrame,
    CancelFrame,
    Frame,
    OutputAudioRawFrame,
    TextFrame,
    UserSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import IdleFrameObserver, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private, pushed_frames
from agentrun.testing import virtual_time

IDLE_SECONDS = 10.0
UNWATCHED: dict[str, Any] = {
    "idle_timeout_secs": IDLE_SECONDS,
    "enable_turn_tracking": False,
    "enable_rtvi": False,
}


class Part(FrameProcessor):
    """Keeps the frames that it is given, and passes them on."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        self.frames.append(frame)
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    def has(self, kind: type[Frame]) -> bool:
        return any(isinstance(frame, kind) for frame in self.frames)


class Watcher(BaseObserver):
    """Keeps the kinds of the frames that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: set[type[Frame]] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        self.kinds.add(type(data.frame))


async def _play(worker: PipelineWorker, line: Any) -> float:
    """Run a call until it ends by itself, and do what ``line`` does; the seconds that it took."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    began = asyncio.get_running_loop().time()
    ended: list[float] = []

    async def end(_worker: object) -> None:
        ended.append(asyncio.get_running_loop().time() - began)

    worker.add_event_handler("on_idle_timeout", end)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    await line()
    await running
    return ended[0]


@pytest.mark.parametrize("kind", [BotSpeakingFrame, UserSpeakingFrame])
def test_who_goes_on_speaking_keeps_a_call_and_no_processor_is_told(kind: type[Frame]) -> None:
    async def call() -> float:
        first, speaker, last = Part(), Part(), Part()
        worker = PipelineWorker(Pipeline([first, speaker, last]), **UNWATCHED)
        pipecat_private.watch_speakers_alone(worker, speaker)

        async def speak() -> None:
            for _ in range(6):
                await speaker.broadcast_frame(kind)
                await asyncio.sleep(IDLE_SECONDS / 2)

        seconds = await _play(worker, speak)
        assert not first.has(kind)
        assert not last.has(kind)
        assert last.has(CancelFrame)
        assert first._setup
        assert first._setup.observer is None
        return seconds

    assert virtual_time.run(call()) == pytest.approx(1 + 5 * IDLE_SECONDS / 2 + IDLE_SECONDS, abs=1)


def test_who_observes_a_call_is_shown_its_frames() -> None:
    watcher = Watcher()

    async def call() -> None:
        speaker = Part()
        worker = PipelineWorker(
            Pipeline([speaker]),
            idle_timeout_secs=IDLE_SECONDS,
            observers=[watcher],
            enable_turn_tracking=False,
        )
        pipecat_private.watch_speakers_alone(worker, speaker)

        async def speak() -> None:
            await speaker.push_frame(TextFrame("yes"))

        await _play(worker, speak)

    virtual_time.run(call())
    assert TextFrame in watcher.kinds


def test_a_processor_that_needs_no_sound_is_given_the_rest() -> None:
    async def call() -> None:
        line, words = Part(), Part()
        pushed_frames.give_no_sound(words)
        worker = PipelineWorker(Pipeline([line, words]), **UNWATCHED)

        async def speak() -> None:
            await line.push_frame(OutputAudioRawFrame(bytes(160), 8_000, 1))
            await line.push_frame(TextFrame("yes"))
            await asyncio.sleep(1)

        await _play(worker, speak)
        assert words.has(TextFrame)
        assert not words.has(OutputAudioRawFrame)

    virtual_time.run(call())


def test_pipecat_s_worker_still_has_what_is_read_of_it() -> None:
    async def look() -> None:
        worker = PipelineWorker(
            Pipeline([]), idle_timeout_secs=1, enable_turn_tracking=False, enable_rtvi=False
        )
        assert isinstance(worker._idle_event, asyncio.Event)
        assert isinstance(worker._pipeline, Pipeline)
        assert [type(each) for each in worker._observer._observers] == [IdleFrameObserver]

    asyncio.run(look())
