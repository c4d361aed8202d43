"""The greeting."""

from __future__ import annotations

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline.flows.flow import CallFlow
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.records.resumption import Resumption
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
    earlier: Resumption | None = None,
) -> None:
    """Say fixed words, have the model greet, or let the caller begin; a flow enters its first node.

    A call that another machine has had goes on from ``earlier``.
    """
    if earlier:
        await _go_on(prompts.resume, earlier, flow, voice, response_deadline, worker, parts)
        return
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


async def _go_on(
    words: str,
    earlier: Resumption,
    flow: CallFlow | None,
    voice: Announcements,
    response_deadline: ResponseDeadline,
    worker: PipelineWorker,
    parts: PipelineParts,
) -> None:
    """Say that the line was lost, and go on, with an answer if the caller is waiting for one.

    To a caller who is back from a transfer the model says so.
    """
    for message in earlier.messages:
        parts.context.add_message(message)  # type: ignore[arg-type]
    response_deadline.owed()
    if not earlier.unanswered:
        await voice.say(words)
    if flow:
        await flow.start(worker, parts, speaks=earlier.is_owed, earlier=earlier)
    elif earlier.is_owed:
        await worker.queue_frame(LLMRunFrame())
