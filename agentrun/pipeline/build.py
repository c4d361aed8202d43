"""Builds the pipeline of a call, in the style that its spec names."""

from __future__ import annotations

from agentrun.pipeline import pipecat_private, pushed_frames
from agentrun.pipeline.cascaded import pipeline as cascaded
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.storable_frames import keep_storable
from agentrun.pipeline.text import pipeline as written
from agentrun.pipeline.tools import functions, tool_spans
from agentrun.plan.plan import Plan
from agentrun.providers.service import Kind
from agentrun.transports.connection import Connection

AHEAD_SECONDS = 0.2
"""How far ahead of playout a telephone call's WebSocket is sent audio; ``clear`` discards it again."""
STYLES = {"cascaded": cascaded.build, "realtime": realtime.build}


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> PipelineParts:
    """Build the pipeline of one call; ``instructions`` is the model's system prompt."""
    parts = _build(plan, instructions, connection, resources, listener)
    functions.answer_unknown_names(parts.services, connection.call, listener)
    if resources.traced:
        tool_spans.trace_tools(parts.services)
    keep_storable(parts, connection)
    if connection.caller_audio:
        pipecat_private.hand_in(connection.caller_audio, connection.transport.input(), parts.piece)
    assistant = parts.aggregators.assistant()
    pushed_frames.give_no_sound(assistant)
    pipecat_private.cancel_calls_in_order(assistant, parts.services)
    for part in (parts.tts, parts.playout, connection.transport.output(), assistant):
        if part:
            pipecat_private.drop_what_waits(part)
    model: Kind = "llm" if plan.llm else "realtime"
    parts.progress.listen(plan, {"stt": parts.stt, model: parts.llm, "tts": parts.tts}, parts.aggregators)
    return parts


def _build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> PipelineParts:
    if connection.written:
        return written.build(plan, instructions, connection, resources, listener)
    output = connection.transport.output()
    pipecat_private.resample_promptly(output)
    pipecat_private.send_ahead(output, AHEAD_SECONDS)
    pipecat_private.keep_pace(output)
    pipecat_private.send_larger_pieces(output)
    return STYLES[plan.spec.pipeline.style](plan, instructions, connection, resources, listener)
