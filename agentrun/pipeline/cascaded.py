"""Cascaded: speech to text, language model, text to speech.

transport in -> stt -> user's words -> llm -> tts -> transport out -> agent's words
"""

from __future__ import annotations

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from agentrun.pipeline import memory, redundant, tap, tools, turns
from agentrun.pipeline.audio_in import CallerAudio
from agentrun.pipeline.earshot import Earshot
from agentrun.pipeline.listener import SessionListener
from agentrun.pipeline.parts import Parts
from agentrun.pipeline.pauses import Pauses
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.transports.connection import Connection


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> Parts:
    """The processors of one call, in the order in which a frame passes them."""
    assert plan.llm and plan.tts  # noqa: S101, PT018
    spec, transport = plan.spec, connection.transport
    pauses = Pauses()
    early = pauses if spec.turns.early == "all" else None
    stt = redundant.stt(plan.stt, resources, listener, spec.limits.answer, early) if plan.stt else None
    words = turns.Words(stt is not None, stt is not None and stt.tells_segments)
    llm = redundant.llm(plan.llm, instructions, resources, listener)
    tts = redundant.tts(plan.tts, resources, listener)
    context = LLMContext(
        tools=ToolsSchema(standard_tools=tools.schemas(plan.tools, connection.call, listener))
    )
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=turns.user_params(spec, resources, words, pauses),
        assistant_params=memory.assistant_params(spec),
    )
    heard = [stt] if stt else []
    audio = [] if stt else [CallerAudio(context, listener.heard_audio)]
    tap.keep_caller_sound(audio[0] if audio else aggregators.user())
    earshot = Earshot(announced=True)
    pipeline = Pipeline(
        [
            transport.input(),
            *heard,
            aggregators.user(),
            *audio,
            llm,
            tts,
            earshot,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    return Parts(pipeline, context, aggregators, llm, stt, tts, earshot)
