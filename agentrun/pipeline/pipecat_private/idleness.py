"""Observes whether anybody is speaking, at the cost of two frames.

Pipecat shows each frame that any processor takes or pushes to an observer, over a queue and a task, which
looks for two kinds: that the caller, or the agent, goes on speaking. Those two pass every processor of the
call, five times a second.
"""

from __future__ import annotations

from pipecat.frames.frames import BotSpeakingFrame, Frame, UserSpeakingFrame
from pipecat.pipeline.worker import IdleFrameObserver, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup

from agentrun.pipeline.pipecat_private.replacements import replace_method

SIGNS = (BotSpeakingFrame, UserSpeakingFrame)
"""What nobody else of this project or of Pipecat's processors asks for."""


def watch_speakers_alone(worker: PipelineWorker, *speakers: FrameProcessor) -> None:
    """Have ``speakers`` tell ``worker`` that somebody speaks, and nobody else be told of it.

    Where nobody but the worker's own watch for idleness observes frames, none is observed any more.
    """
    for speaker in speakers:
        _tell(worker, speaker)
    pipeline = worker._pipeline

    async def set_up(setup: FrameProcessorSetup) -> None:
        watchers = worker._observer._observers
        if all(type(each) is IdleFrameObserver for each in watchers):
            setup.observer = None
        await begin(setup)

    begin = replace_method(pipeline, "setup", set_up)


def _tell(worker: PipelineWorker, speaker: FrameProcessor) -> None:
    async def push_frame(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if isinstance(frame, SIGNS):
            worker._idle_event.set()
        else:
            await push(frame, direction)

    push = replace_method(speaker, "push_frame", push_frame)
