"""What a call uses of its services: tokens, seconds of audio, characters, and requests to models."""

from __future__ import annotations

from pipecat.frames.frames import MetricsFrame
from pipecat.metrics.metrics import (
    LLMUsageMetricsData,
    MetricsData,
    STTUsageMetricsData,
    TTSUsageMetricsData,
)
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.model_requests import ModelRequests, ModelWatcher
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.records import CallRecord


class Usage:
    """Sums up in the record what the services report; ``watcher`` is called with each request to a model."""

    def __init__(self, record: CallRecord, watcher: ModelWatcher | None = None) -> None:
        self._record, self._watcher = record, watcher

    def listen(self, parts: PipelineParts, plan: Plan) -> None:
        """Listen to the usage that services and their fallbacks report."""
        pairs = ((parts.stt, plan.stt), (parts.llm, plan.realtime or plan.llm), (parts.tts, plan.tts))
        for part, planned in pairs:
            if part is None or planned is None:
                continue
            running = [member.service for member in part.members] if isinstance(part, Failover) else [part]
            for service, each in zip(running, (planned, *planned.fallback), strict=False):
                self._follow(service, each)

    def _follow(self, service: FrameProcessor, plan: ServicePlan) -> None:
        kind = "llm" if plan.kind in ("llm", "realtime") else plan.kind
        if kind == "llm" and self._watcher:
            ModelRequests(service, plan, self._watcher)

        def used(frame: MetricsFrame) -> None:
            # what the other services say of themselves passes here too
            for data in (each for each in frame.data if each.processor == service.name):
                add(self._record, f"{kind} {plan.provider}/{data.model or plan.model}", _amounts(data))

        pushed_frames.watch_pushed_frames(service, MetricsFrame, used)


def add(record: CallRecord, name: str, amounts: dict[str, float]) -> None:
    """Add to a service's usage; ``name`` is its kind, provider and model.

    >>> record = CallRecord("1", "desk", "local")
    >>> add(record, "stt openai/whisper-1", {"seconds": 1.5})
    >>> record.usage
    {'stt openai/whisper-1': {'seconds': 1.5}}
    """
    if not amounts:
        return
    used = record.usage.setdefault(name, {})
    for unit, amount in amounts.items():
        used[unit] = round(used.get(unit, 0.0) + amount, 3)


def _amounts(data: MetricsData) -> dict[str, float]:
    """The usage in ``data``, without zeros."""
    amounts: dict[str, float | None] = {}
    if isinstance(data, LLMUsageMetricsData):
        tokens = data.value
        amounts = {
            "input_tokens": tokens.prompt_tokens,
            "output_tokens": tokens.completion_tokens,
            "cached_tokens": tokens.cache_read_input_tokens,
            "audio_input_tokens": tokens.input_audio_tokens,
            "audio_output_tokens": tokens.output_audio_tokens,
            "audio_cached_tokens": tokens.cache_read_input_audio_tokens,
        }
    elif isinstance(data, STTUsageMetricsData):
        amounts = {"seconds": data.value.audio_seconds}
    elif isinstance(data, TTSUsageMetricsData):
        amounts = {"characters": data.value}
    return {unit: float(amount) for unit, amount in amounts.items() if amount}
