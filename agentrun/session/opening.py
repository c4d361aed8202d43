"""The first words of a call."""

from __future__ import annotations

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline.flow import CallFlow
from agentrun.pipeline.parts import Parts
from agentrun.session.patience import Patience
from agentrun.session.prompts import CallPrompts
from agentrun.session.voice import Voice


async def begin(
    prompts: CallPrompts,
    flow: CallFlow | None,
    voice: Voice,
    patience: Patience,
    worker: PipelineWorker,
    parts: Parts,
) -> None:
    """Have fixed words spoken, or the model greet, or the caller begin; a flow enters its first node."""
    if prompts.opening:
        await voice.say(prompts.opening)
    if prompts.greeting:
        parts.context.add_message({"role": "developer", "content": prompts.greeting})
    speaks = prompts.greeting is not None and (flow is None or flow.speaks_first)
    if speaks:
        patience.owed()
    if flow:
        await flow.start(worker, parts, speaks=speaks)
    elif speaks:
        await worker.queue_frame(LLMRunFrame())
