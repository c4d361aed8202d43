"""Builds a planned service: OpenAI's over shared connections, any other by its class."""

from __future__ import annotations

from typing import Any

from pipecat.services.llm_service import LLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.responses.llm import (
    OpenAIResponsesHttpLLMService,
    OpenAIResponsesLLMService,
)
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private import SharedClient
from agentrun.pipeline.services.chat_stream import note_finish_reasons
from agentrun.pipeline.services.construct import construct
from agentrun.pipeline.services.openai_addresses import socket_url
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.services.speech.openai import STALL_SECONDS, OpenAISpeech
from agentrun.plan.plan import ServicePlan
from agentrun.providers.service_plans import OPENAI
from agentrun.spec.values.durations import seconds

SPEECH_BUFFER = "100ms"
_TELL_PROBABILITY = ("gpt-4o", "whisper")
"""OpenAI's own models that say how sure they are; a compatible server may not know the question."""
_NOISE = {"near": "near_field", "far": "far_field"}


class ChatLLM(SharedClient, OpenAILLMService):
    """Chat completions."""


class ResponsesHttpLLM(SharedClient, OpenAIResponsesHttpLLMService):
    """The Responses API over HTTP."""


class ResponsesLLM(SharedClient, OpenAIResponsesLLMService):
    """The Responses API over a WebSocket."""


def stt(plan: ServicePlan, resources: Resources) -> STTService:
    """Speech to text; OpenAI's of whole utterances over HTTP, or streaming over a WebSocket."""
    if plan.provider != OPENAI:
        service: STTService = construct(plan, resources)
        pipecat_private.bound_connection(service)
        return service
    settings = dict(plan.settings)
    if "language" in settings:
        settings["language"] = Language(settings["language"])
    if settings.pop("streaming", False):
        if "noise_reduction" in settings:
            settings["noise_reduction"] = _NOISE[settings["noise_reduction"]]
        streaming = pipecat_private.StreamingSTT(
            api_key=plan.api_key or "",
            base_url=socket_url(plan.base_url, "realtime"),
            settings=pipecat_private.StreamingSTT.Settings(model=plan.model, **settings),
        )
        pipecat_private.hear_promptly(streaming)
        pipecat_private.bound_connection(streaming)
        return streaming
    return OpenAISTTService(
        include_prob_metrics=plan.base_url is None and plan.model.startswith(_TELL_PROBABILITY),
        api_key=plan.api_key,
        base_url=plan.base_url,
        http_client=resources.http_client,
        settings=OpenAISTTService.Settings(model=plan.model, **settings),
    )


def llm(plan: ServicePlan, instructions: str, resources: Resources) -> LLMService[Any]:
    """The language model, told ``instructions``."""
    service = _llm(plan, instructions, resources)
    pipecat_private.bound_connection(service)
    note_finish_reasons(service)
    pipecat_private.assemble_tool_calls(service)
    pipecat_private.assemble_tool_blocks(service)
    pipecat_private.begin_with_user(service)
    pipecat_private.read_all_arguments(service)
    return service


def _llm(plan: ServicePlan, instructions: str, resources: Resources) -> LLMService[Any]:
    if plan.provider != OPENAI:
        service: LLMService[Any] = construct(plan, resources, instructions)
        return service
    settings = dict(plan.settings)
    api = settings.pop("api", "chat")
    shared: dict[str, Any] = {
        "api_key": plan.api_key,
        "base_url": plan.base_url,
        "service_tier": settings.pop("service_tier", None),
    }
    values = {"model": plan.model, "system_instruction": instructions, **settings}
    client = resources.http_client
    if api == "responses":
        url = socket_url(plan.base_url, "responses")
        return ResponsesLLM(client, ws_url=url, settings=ResponsesLLM.Settings(**values), **shared)
    if api == "responses-http":
        return ResponsesHttpLLM(client, settings=ResponsesHttpLLM.Settings(**values), **shared)
    return ChatLLM(client, settings=ChatLLM.Settings(**values), **shared)


def tts(
    plan: ServicePlan, resources: Resources, stall: float = STALL_SECONDS, *, alone: bool = True
) -> TTSService:
    """Text to speech; OpenAI's always at 24 kHz, which the transport brings to the line's rate.

    OpenAI's may stop for ``stall`` seconds. One that is ``alone`` is asked twice before it has failed.
    """
    if plan.provider != OPENAI:
        service: TTSService = construct(plan, resources)
        pipecat_private.bound_connection(service)
        return service
    settings = dict(plan.settings)
    return OpenAISpeech(
        plan,
        resources.ready_speech,
        seconds(settings.pop("buffer", SPEECH_BUFFER)),
        stall,
        2 if alone else 1,
        api_key=plan.api_key,
        base_url=plan.base_url,
        http_client=resources.http_client,
        settings=OpenAITTSService.Settings(model=plan.model, **settings),
    )
