"""The worker of a call, in the form that Pipecat Flows expects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    ControlFrame,
    Frame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    ServiceUpdateSettingsFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private


@dataclass
class BypassFrame(ControlFrame):
    """A frame for a realtime model that the user aggregator would keep for itself."""

    inner: Frame
    interruptible: bool = field(default=False, init=False)


class AggregatorBypass(FrameProcessor):
    """Sits before a realtime model, and gives it the frames that bypass the user aggregator."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame.inner if isinstance(frame, BypassFrame) else frame, direction)


class FlowWorker:
    """The worker that a FlowManager expects, sharing the session's PipelineWorker.

    Pipecat 1.14 leads a realtime model into the first node only: afterwards, the caller's aggregator keeps a
    node's messages to itself, and the model never hears of them. Here they go past it.
    """

    def __init__(self, worker: PipelineWorker, llm: FrameProcessor) -> None:
        self._worker = worker
        self._llm = llm

    def set_reached_downstream_filter(self, types: tuple[type[Frame], ...]) -> None:
        """Add to what is told of: the session's own would be gone otherwise."""
        self._worker.add_reached_downstream_filter(types)

    def event_handler(self, name: str) -> Callable[..., Any]:
        """The worker's own."""
        added: Callable[..., Any] = self._worker.event_handler(name)
        return added

    async def queue_frames(self, frames: Sequence[Frame]) -> None:
        """Queue each frame."""
        for frame in frames:
            await self.queue_frame(frame)

    async def queue_frame(self, frame: Frame) -> None:
        """Queue a frame, bypassing the user aggregator if that would keep it."""
        llm = self._llm
        if isinstance(frame, ServiceUpdateSettingsFrame):
            frame.reach_inactive_services = True
        if not isinstance(llm, OpenAIRealtimeLLMService) or not pipecat_private.realtime_has_context(llm):
            await self._worker.queue_frame(frame)
        elif isinstance(frame, LLMMessagesAppendFrame):
            await self._worker.queue_frame(BypassFrame(frame))
        elif isinstance(frame, LLMRunFrame):
            await self._worker.queue_frame(BypassFrame(LLMMessagesAppendFrame([], run_llm=True)))
        else:
            await self._worker.queue_frame(frame)
