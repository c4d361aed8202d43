"""Realtime: one speech-to-speech model.

transport in -> caller's turns -> speech-to-speech model -> transport out -> agent's words
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies

from agentrun.pipeline import context_size, pipecat_private, pushed_frames
from agentrun.pipeline.audio.playout_tracking import PlayoutTracker
from agentrun.pipeline.flows.flow_worker import AggregatorBypass
from agentrun.pipeline.pipecat_private import PcmuRealtime
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.construct import construct
from agentrun.pipeline.services.openai_addresses import socket_url
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.tools import functions
from agentrun.pipeline.turns import strategies as turns
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers.service_plans import OPENAI
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.values.durations import seconds
from agentrun.transports.connection import Connection

_Service = TypeVar("_Service", bound=OpenAIRealtimeLLMService)
_TELL_TURNS = ("azure", "azure-voice-live", "xai")
"""Providers whose service in Pipecat 1.14 reports when the caller's turns begin and end."""
_NOISE = {"near": "near_field", "far": "far_field"}


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> PipelineParts:
    """Build the processors of one call, in the order in which frames pass through them."""
    assert plan.realtime is not None  # noqa: S101
    spec, transport = plan.spec, connection.transport
    tools = ToolsSchema(standard_tools=functions.schemas(plan.tools, connection.call, listener))
    llm = _model(plan.realtime, instructions, connection, resources, tools)
    context = LLMContext(tools=tools)
    local = not tells_turns(plan.realtime)
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=_user_params(spec, resources, local=local),
        assistant_params=context_size.assistant_params(spec),
    )
    pipecat_private.keep_session(llm, listener.noted)
    pipecat_private.keep_conversation(llm)
    pipecat_private.tell_results(llm)
    pipecat_private.keep_early_sound(llm)
    pipecat_private.read_all_arguments(llm)
    pushed_frames.keep_caller_sound(llm)
    if connection.caller_audio and isinstance(llm, PcmuRealtime) and not local and not spec.turns.mute:
        if plan.realtime.settings.get("audio_pieces") != "single":
            llm.join_pieces()
        mute = turns.words_mute(aggregators.user())
        connection.caller_audio.listen(lambda sound: None if mute.muted else llm.take(sound))
        connection.caller_audio.in_frames = False
    playout = PlayoutTracker(announced=False)
    passage = [AggregatorBypass()] if spec.flow or spec.turns.keys else []
    pipeline = Pipeline(
        [
            transport.input(),
            aggregators.user(),
            *passage,
            llm,
            playout,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    return PipelineParts(pipeline, context, aggregators, llm, playout=playout)


def _model(
    plan: ServicePlan, instructions: str, connection: Connection, resources: Resources, tools: ToolsSchema
) -> Any:
    """The provider's service; OpenAI's uses the telephone's audio format as it is."""
    if plan.provider != OPENAI:
        llm = construct(plan, resources, instructions, tools)
        _adapt(llm)
        return llm
    telephone = connection.caller_audio is not None and plan.settings.get("audio") != "pcm"
    return service(plan, instructions, PcmuRealtime if telephone else OpenAIRealtimeLLMService)


def tells_turns(plan: ServicePlan) -> bool:
    """Whether the provider detects and reports the caller's turns; otherwise agentrun detects them."""
    is_told = plan.provider == OPENAI or plan.provider in _TELL_TURNS
    return is_told and plan.settings.get("turn_detection") != "local"


def _user_params(spec: AgentSpec, resources: Resources, *, local: bool) -> LLMUserAggregatorParams:
    if local:
        return turns.user_params(spec, resources, turns.Words(transcribed=False), EarlyEndOfTurn())
    return LLMUserAggregatorParams(
        user_turn_strategies=_server_turns(spec.turns.interruptions),
        user_idle_timeout=turns.idle_after(spec),
        user_mute_strategies=turns.mute_strategies(spec),
    )


def _server_turns(interruptions: bool) -> ExternalUserTurnStrategies:
    """Turn strategies for turns that the server detects, without waiting for their transcripts."""
    strategies = ExternalUserTurnStrategies(enable_interruptions=interruptions)
    strategies.stop = [ExternalUserTurnStopStrategy(wait_for_transcript=False)]
    return strategies


def service(
    plan: ServicePlan,
    instructions: str,
    make: type[_Service],
    modalities: list[events.Modality] | None = None,
) -> _Service:
    """OpenAI's realtime service with ``instructions``; it answers in audio unless ``modalities`` differ."""
    llm = make(
        api_key=plan.api_key or "",
        base_url=socket_url(plan.base_url, "realtime"),
        settings=OpenAIRealtimeLLMService.Settings(
            model=plan.model,
            system_instruction=instructions,
            session_properties=events.SessionProperties(
                audio=audio(plan.settings, telephone=issubclass(make, PcmuRealtime)),
                output_modalities=modalities,
            ),
        ),
    )
    _adapt(llm)
    return llm


def _adapt(llm: Any) -> None:
    if isinstance(llm, OpenAIRealtimeLLMService):
        pipecat_private.hear_promptly(llm)
    pipecat_private.watch_connection(llm)
    pipecat_private.note_ends(llm)
    pipecat_private.take_messages(llm)


def audio(settings: Mapping[str, Any], *, telephone: bool = False) -> events.AudioConfiguration:
    """The spec's realtime settings as OpenAI's audio configuration; ``telephone`` is mu-law both ways."""
    mulaw = events.PCMUAudioFormat() if telephone else None
    noise = _NOISE.get(settings.get("noise_reduction", "off"))
    return events.AudioConfiguration(
        input=events.AudioInput(
            format=mulaw,
            transcription=_transcription(settings.get("transcription", {})),
            noise_reduction=events.InputAudioNoiseReduction(type=noise) if noise else None,
            turn_detection=_turn_detection(settings.get("turn_detection", {"type": "semantic"})),
        ),
        output=events.AudioOutput(format=mulaw, voice=settings.get("voice"), speed=settings.get("speed")),
    )


def _transcription(setting: Any) -> events.InputAudioTranscription | None:
    return None if setting is False else events.InputAudioTranscription(**(setting or {}))


def _turn_detection(setting: Any) -> events.TurnDetection | events.SemanticTurnDetection | bool:
    if setting == "local":
        return False
    if isinstance(setting, str):
        setting = {"type": setting}
    if setting["type"] == "semantic":
        return events.SemanticTurnDetection(eagerness=setting.get("eagerness", "auto"))
    return events.TurnDetection(
        threshold=setting.get("threshold", 0.5),
        prefix_padding_ms=_milliseconds(setting.get("prefix_padding", "300ms")),
        silence_duration_ms=_milliseconds(setting.get("silence", "500ms")),
    )


def _milliseconds(text: str) -> int:
    return round(seconds(text) * 1000)
