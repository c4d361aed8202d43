"""The caller's sound on its way past speech to text: heard by who serves, and handed on once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pipecat.audio.vad.vad_analyzer import VADParams, VADState
from pipecat.frames.frames import Frame, InputAudioRawFrame, TextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.failover.failover import Member
from agentrun.pipeline.failover.stt import SpeechToTextFailover
from agentrun.testing import virtual_time

SOUNDS = [bytes([number]) * 320 for number in range(20)]


class Ear(STTService):
    """A service that keeps what it hears."""

    def __init__(self) -> None:
        super().__init__(ttfs_p99_latency=1.0)
        self.heard: list[bytes] = []

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.heard.append(audio)
        yield None


class Collector(SegmentedSTTService):
    """A service that is given whole stretches of speech."""

    def __init__(self) -> None:
        super().__init__(ttfs_p99_latency=1.0)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None


class Passer(FrameProcessor):
    """Something of another kind, which passes all on."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Next(Passer):
    """What stands behind speech to text."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds: list[bytes] = []
        self.words: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InputAudioRawFrame):
            self.sounds.append(frame.audio)
        elif isinstance(frame, TextFrame):
            self.words.append(frame.text)
        await super().process_frame(frame, direction)


LISTENER = cast("Any", SimpleNamespace(noted=list[str]().append))


async def _call(services: list[FrameProcessor]) -> Next:
    """Send the sounds through a call with ``services``; gives what stood behind them."""
    behind, first = Next(), Passer()
    members = [Member(service, str(number), 5.0) for number, service in enumerate(services)]
    stt = SpeechToTextFailover(members, LISTENER, 8.0)
    worker = PipelineWorker(
        Pipeline([first, stt, behind]), enable_rtvi=False, enable_turn_tracking=False, idle_timeout_secs=None
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    for sound in SOUNDS:
        await first.push_frame(InputAudioRawFrame(sound, 8_000, 1))
        await asyncio.sleep(0.02)
    await first.push_frame(TextFrame("after it"))
    await asyncio.sleep(1)
    await worker.cancel()
    await running
    return behind


def test_sound_is_heard_by_the_service_that_serves_and_handed_on_once() -> None:
    first, second = Ear(), Ear()
    behind = virtual_time.run(_call([first, second]))
    assert behind.sounds == SOUNDS
    assert first.heard == SOUNDS
    assert second.heard == []
    assert behind.words == ["after it"]


def test_what_is_no_speech_service_of_pipecat_s_hands_the_sound_on_itself() -> None:
    behind = virtual_time.run(_call([Passer()]))
    assert behind.sounds == SOUNDS


@pytest.mark.parametrize(("services", "able"), [(1, True), (2, True), (0, False)])
def test_services_that_can_be_told_push_no_sound(services: int, able: bool) -> None:
    ears = [Ear() for _ in range(services)]
    assert all(ear._audio_passthrough for ear in ears)
    assert pipecat_private.keep_sound([*ears, *([] if able else [Passer()])]) is able
    assert not any(ear._audio_passthrough for ear in ears)


async def test_the_voice_detector_judges_where_it_is_asked() -> None:
    detector = pipecat_private.SharedSilero(VADParams())
    detector.set_sample_rate(8_000)
    threads: Any = detector._executor
    assert await detector.analyze_audio(bytes(512 * 4)) is VADState.QUIET
    assert threads._threads == set()
    await detector.cleanup()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("kinds", "collects"),
    [((Collector,), True), ((Collector, Collector), True), ((Ear,), False), ((Collector, Ear), False)],
)
def test_sound_may_wait_only_for_services_that_all_collect_it(
    kinds: tuple[type[STTService], ...], collects: bool
) -> None:
    members = [Member(kind(), str(number), 5.0) for number, kind in enumerate(kinds)]
    assert SpeechToTextFailover(members, LISTENER, 8.0).collects is collects
