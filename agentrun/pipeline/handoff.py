"""Hands a running pipeline over to another agent, by reconfiguring its services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    LLMSetToolsFrame,
    LLMUpdateSettingsFrame,
    ServiceUpdateSettingsFrame,
    STTUpdateSettingsFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.text import speech_text
from agentrun.plan.plan import Plan, ServicePlan

_QUIET_SECONDS = 5.0


async def go_on_as(
    plan: Plan, instructions: str, tools: list[FunctionSchema], parts: PipelineParts, resources: Resources
) -> None:
    """Reconfigure ``parts`` for the agent of ``plan``, from the next answer on.

    Its services have to be those of the agent before it, as ``agentrun.plan.handoff_targets`` checks.
    """
    offered = ToolsSchema(standard_tools=list(tools))
    parts.context.set_tools(offered)
    if isinstance(parts.llm, OpenAIRealtimeLLMService) and plan.realtime:
        await _realtime(parts.llm, plan.realtime, instructions, offered)
        return
    await _tell(parts.stt, plan.stt, STTUpdateSettingsFrame, lambda each: services.stt(each, resources))
    await _tell(
        parts.llm, plan.llm, LLMUpdateSettingsFrame, lambda each: services.llm(each, instructions, resources)
    )
    parts.text.normalizer = speech_text.normalizer(plan)
    if pipecat_private.has_settings(parts.tts):
        await _tell(parts.tts, plan.tts, TTSUpdateSettingsFrame, lambda each: services.tts(each, resources))


async def _tell(
    part: FrameProcessor | None,
    plan: ServicePlan | None,
    frame: type[ServiceUpdateSettingsFrame[Any]],
    make: Callable[[ServicePlan], FrameProcessor],
) -> None:
    """Give each service the settings of the new agent's service, which is built only for its settings."""
    if part is None or plan is None:
        return
    running = [member.service for member in part.members] if isinstance(part, Failover) else [part]
    for service, each in zip(running, (plan, *plan.fallback), strict=False):
        delta = pipecat_private.settings_of(make(each))
        await part.queue_frame(frame(delta=delta, service=service, reach_inactive_services=True))


async def _realtime(
    llm: OpenAIRealtimeLLMService, plan: ServicePlan, instructions: str, tools: ToolsSchema
) -> None:
    """A realtime session can't change its voice, so reconnect it with the conversation so far."""
    modalities = pipecat_private.realtime_modalities(llm)
    delta = pipecat_private.settings_of(realtime.service(plan, instructions, type(llm), modalities))
    if pipecat_private.realtime_voice(llm) == plan.settings.get("voice"):
        await llm.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        await llm.queue_frame(LLMSetToolsFrame(tools=tools))
        return
    await pipecat_private.wait_until_answering(llm, False, _QUIET_SECONDS)
    await pipecat_private.realtime_renew_as(llm, delta)
    await llm.queue_frame(LLMSetToolsFrame(tools=tools))
