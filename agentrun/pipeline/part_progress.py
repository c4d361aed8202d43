"""Tracks what each service was last given and last sent, to tell what a silent caller waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.tts_service import TTSService

from agentrun.pipeline import pushed_frames, service_labels
from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers.service import Kind

_GIVEN: dict[Kind, str] = {
    "stt": "the caller's speech",
    "llm": "the conversation",
    "tts": "words",
    "realtime": "the caller's turn",
}
_SENT = (LLMTextFrame, TTSAudioRawFrame, FunctionCallsStartedFrame)
_ENDS = (LLMFullResponseStartFrame, LLMFullResponseEndFrame)
_CALLS = (FunctionCallInProgressFrame, FunctionCallResultFrame)


@dataclass
class Part:
    """One part: its services, when it was last ``given`` work, and when it last ``sent`` output.

    Times are the event loop's, in seconds. ``open`` is whether it has not said that it is done.
    """

    kind: Kind
    processor: FrameProcessor
    plans: Sequence[ServicePlan]
    given: float | None = None
    sent: float | None = None
    open: bool = False

    def take(self) -> None:
        """Note that the part was given work."""
        self.given, self.sent, self.open = _now(), None, True

    def send(self) -> None:
        """Note that it has sent output."""
        self.sent = _now()

    def done(self) -> None:
        """Note that its output is complete."""
        self.open = False

    def drop(self) -> None:
        """Note that nobody waits for it any more."""
        self.given, self.sent, self.open = None, None, False

    @property
    def owes(self) -> bool:
        """Whether it was given work and has sent nothing since."""
        return self.given is not None and self.sent is None

    @property
    def label(self) -> str:
        """The part with its service and address: ``the voice (openai/tts-1 at https://api.openai.com)``."""
        told = [_service(*pair) for pair in zip(self._services(), self.plans, strict=False)]
        return f"{service_labels.PARTS[self.kind]} ({', '.join(told)})"

    def described(self) -> str:
        """The label, how long ago it was given work, and what it has done since."""
        since = "" if self.given is None else f", given {_GIVEN[self.kind]} {_ago(self.given)}"
        last = "has sent nothing" if self.sent is None else f"last sent something {_ago(self.sent)}"
        return f"{self.label}{since}, which {last}"

    def _services(self) -> list[FrameProcessor]:
        if isinstance(self.processor, Failover):
            return [member.service for member in self.processor.members]
        return [self.processor]


@dataclass
class PartProgress:
    """Tracks the parts of one call from ``listen`` on.

    >>> PartProgress().awaited() is None
    True
    """

    parts: dict[Kind, Part] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    """The names of the running tools, by call id."""

    def listen(
        self, plan: Plan, processors: dict[Kind, FrameProcessor | None], pair: LLMContextAggregatorPair
    ) -> None:
        """Track ``processors``, the services of ``plan`` by kind."""
        for kind, processor in processors.items():
            planned: ServicePlan | None = getattr(plan, kind)
            if isinstance(processor, AIService | Failover) and planned:
                self.parts[kind] = Part(kind, processor, (planned, *planned.fallback))
        kinds = (LLMContextFrame, InterruptionFrame, VADUserStoppedSpeakingFrame, UserStoppedSpeakingFrame)
        pushed_frames.watch_pushed_frames(pair.user(), kinds, self._of_caller)
        pushed_frames.watch_pushed_frames(pair.assistant(), LLMContextFrame, self._of_caller)
        if model := self._model:
            pushed_frames.watch_pushed_frames(model.processor, (*_SENT, *_ENDS, *_CALLS), self._of_model)
        if ear := self.parts.get("stt"):
            pushed_frames.watch_pushed_frames(ear.processor, TranscriptionFrame, lambda _: ear.send())
        if voice := self.parts.get("tts"):
            pushed_frames.watch_pushed_frames(voice.processor, TTSAudioRawFrame, lambda _: voice.send())
            for service in voice._services():
                if isinstance(service, TTSService):
                    _watch_requests(service, voice)

    def awaited(self) -> Part | None:
        """The part that has work but makes no progress; None if that is not known."""
        voice, model, ear = self.parts.get("tts"), self._model, self.parts.get("stt")
        chain = [part for part in (voice, model, ear) if part]
        idle = next((part for part in chain if part.owes), None) or next(
            (part for part in chain if part.open and part is not ear), None
        )
        done = (part for part in (voice, model) if part and part.given is not None)
        return idle or next(done, model if model and model.kind == "realtime" else None)

    def empty(self) -> Part | None:
        """The part that produced nothing of a finished answer: the voice, if it was given words."""
        voice = self.parts.get("tts")
        return voice if voice and voice.owes else self._model

    def find(self, processor: FrameProcessor | None) -> Part | None:
        """The part that ``processor`` belongs to, or None."""
        return next((each for each in self.parts.values() if each.processor is processor), None)

    @property
    def _model(self) -> Part | None:
        return self.parts.get("llm") or self.parts.get("realtime")

    def _of_caller(self, frame: Frame) -> None:
        model, ear = self._model, self.parts.get("stt")
        if isinstance(frame, InterruptionFrame):
            for part in self.parts.values():
                if part is not ear:
                    part.drop()
        elif isinstance(frame, LLMContextFrame) or (model and model.kind == "realtime"):
            if model:
                model.take()
        elif ear and isinstance(frame, VADUserStoppedSpeakingFrame):
            ear.take()

    def _of_model(self, frame: Frame) -> None:
        model = self._model
        assert model is not None  # noqa: S101
        if isinstance(frame, FunctionCallInProgressFrame):
            self.tools[frame.tool_call_id] = frame.function_name
        elif isinstance(frame, FunctionCallResultFrame):
            self.tools.pop(frame.tool_call_id, None)
        elif isinstance(frame, LLMFullResponseStartFrame):
            model.take()
        elif isinstance(frame, LLMFullResponseEndFrame):
            model.done()
            model.sent = model.sent or _now()
        else:
            model.send()


def _watch_requests(service: TTSService, voice: Part) -> None:
    async def run_tts(text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        voice.take()
        taken, whole = voice.given, False
        try:
            async for frame in run(text, context_id):
                yield frame
            whole = True
        finally:
            if voice.given == taken:
                voice.done() if whole else voice.drop()

    run = replace_method(service, "run_tts", run_tts)


def _service(processor: FrameProcessor, plan: ServicePlan) -> str:
    """Provider, model and address; the model may have changed since the beginning of the call."""
    model: Any = processor.settings.model if isinstance(processor, AIService) else None
    return service_labels.label(f"{plan.provider}/{model or plan.model}", service_labels.address(plan))


def _ago(time: float) -> str:
    return f"{_now() - time:.1f} s ago"


def _now() -> float:
    return asyncio.get_running_loop().time()
