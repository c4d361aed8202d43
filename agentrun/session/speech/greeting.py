"""The first words of a call."""

from __future__ import annotations

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline.flows.flow import CallFlow
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.prompts import CallPrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements


async def begin(
    prompts: CallPrompts,
    flow: CallFlow | None,
    voice: Announcements,
    response_deadline: ResponseDeadline,
    worker: PipelineWorker,
    parts: PipelineParts,
) -> None:
    """Have fixed words spoken, or the model greet, or the caller begin; a flow enters its first node."""
    if prompts.opening:
        response_deadline.owed()
        await voice.say(prompts.opening)
    if prompts.greeting:
        parts.instruct(prompts.greeting)
    speaks = prompts.greeting is not None
    if flow:
        speaks = flow.speaks_first and not prompts.opening
    if speaks:
        response_deadline.owed()
    if flow:
        await flow.start(worker, parts, speaks=speaks)
    elif speaks:
        await worker.queue_frame(LLMRunFrame())
