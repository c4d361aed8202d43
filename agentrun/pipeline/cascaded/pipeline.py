"""Cascaded: speech to text, language model, text to speech.

transport in -> stt -> user's words -> llm -> hidden text -> tts -> transport out -> agent's words
"""

from __future__ import annotations

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline import context_size, pipecat_private, pushed_frames
from agentrun.pipeline.audio.playout_tracking import PlayoutTracker
from agentrun.pipeline.audio.voiced_sentences import UnheardSentenceFrame
from agentrun.pipeline.cascaded.audio_input import AudioTurns
from agentrun.pipeline.failover import cascade
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.text import speech_text
from agentrun.pipeline.tools import functions
from agentrun.pipeline.turns import strategies
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.held_words import HeldWords
from agentrun.plan.plan import Plan
from agentrun.transports.connection import Connection


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> PipelineParts:
    """Build the processors of one call, in the order in which frames pass through them."""
    assert plan.llm and plan.tts  # noqa: S101, PT018
    spec, transport = plan.spec, connection.transport
    pauses = EarlyEndOfTurn()
    early = pauses if spec.turns.early == "all" else None
    stt = cascade.stt(plan.stt, resources, listener, spec.limits.answer, early) if plan.stt else None
    words = strategies.Words(stt is not None, stt is not None and stt.tells_segments)
    llm = cascade.llm(plan.llm, instructions, resources, listener)
    text = speech_text.of(plan)
    tts = cascade.tts(plan.tts, resources, listener, text, spec.limits.stall or spec.limits.answer)
    context = LLMContext(
        tools=ToolsSchema(standard_tools=functions.schemas(plan.tools, connection.call, listener))
    )
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=strategies.user_params(spec, resources, words, pauses),
        assistant_params=context_size.assistant_params(spec),
    )
    recognizers = [stt] if stt else []
    held = HeldWords(context)
    pipecat_private.hold_caller_words(aggregators, held)
    audio = [] if stt else [AudioTurns(context, listener.heard_audio, held)]
    pushed_frames.keep_caller_sound(audio[0] if audio else aggregators.user())
    playout = PlayoutTracker(announced=True)
    _tell_of_broken_speech(tts, playout)
    pipeline = Pipeline(
        [
            transport.input(),
            *recognizers,
            aggregators.user(),
            *audio,
            llm,
            speech_text.HiddenTextFilter(text, listener.unsaid),
            tts,
            playout,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    gather = spec.turns.gather if stt is None or stt.collects else 0.0
    piece = pipecat_private.steady_pieces(aggregators.user(), gather)
    return PipelineParts(pipeline, context, aggregators, llm, stt, tts, playout, text, piece=piece, held=held)


def _tell_of_broken_speech(tts: FrameProcessor, playout: PlayoutTracker) -> None:
    """Tell ``playout`` of a sentence that broke off for good, after the last fallback has failed."""

    def failed(error: ErrorFrame) -> None:
        if isinstance(error, UnheardSentenceFrame):
            playout.unheard(error.segment)
        elif error.processor is tts:
            playout.broke_off(for_good=isinstance(error, pipecat_private.VoiceBrokeOffFrame))

    pushed_frames.watch_pushed_frames(tts, ErrorFrame, failed)
