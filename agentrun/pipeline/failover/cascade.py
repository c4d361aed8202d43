"""The services of a cascade, each with its fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService

from agentrun.pipeline import pipecat_private, service_labels
from agentrun.pipeline.failover.failover import Member
from agentrun.pipeline.failover.llm import LanguageModelFailover
from agentrun.pipeline.failover.stt import SpeechToTextFailover
from agentrun.pipeline.failover.tts import TextToSpeechFailover
from agentrun.pipeline.failover.unbroken_speech import SoFar
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.text.speech_text import SpeechText
from agentrun.pipeline.text.whole_sentences import WholeSentences
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.plan.plan import ServicePlan

MOST_REASON = 300
"""Characters of the peer's reason for closing a connection."""
_SOONER = 0.8
"""The share of the time limit after which a voice that stops reports it itself."""


def stt(
    plan: ServicePlan,
    resources: Resources,
    listener: SessionListener,
    answer: float,
    pauses: EarlyEndOfTurn | None = None,
) -> SpeechToTextFailover:
    """Build speech to text; without a fallback it has ``answer`` seconds for an utterance.

    Over HTTP it is asked at each of ``pauses``, else at the end of speech. A service alone is looked after as
    well: what hears nothing looks like a caller who says nothing.
    """
    attempt_timeout = plan.attempt_timeout if plan.fallback else answer
    members = _members(plan, lambda each: services.stt(each, resources), attempt_timeout)
    _tell_losses("stt", members, listener)
    so_far: dict[FrameProcessor, SoFar] = {}
    for member in members:
        if isinstance(member.service, SegmentedSTTService):
            uploads = member.service.wants_wav_segments
            later = partial(listener.last_words, member.attempt_timeout)
            segments = pipecat_private.SegmentTranscripts(member.service, pauses if uploads else None, later)
            so_far[member.service] = segments.so_far
        elif isinstance(member.service, pipecat_private.StreamingSTT):
            so_far[member.service] = member.service.so_far
    return SpeechToTextFailover(members, listener, answer, str(plan.settings.get("prompt") or ""), so_far)


def llm(
    plan: ServicePlan, instructions: str, resources: Resources, listener: SessionListener
) -> FrameProcessor:
    """Build the language model with the system prompt ``instructions``."""
    members = _members(plan, lambda each: services.llm(each, instructions, resources), plan.attempt_timeout)
    return LanguageModelFailover(members, listener) if plan.fallback else members[0].service


def tts(
    plan: ServicePlan, resources: Resources, listener: SessionListener, text: SpeechText, stall: float
) -> FrameProcessor:
    """Build text to speech for ``text``; it may stall for ``stall`` seconds, or less with a fallback."""
    alone = not plan.fallback
    longest = stall if alone else min(stall, plan.attempt_timeout * _SOONER)
    members = _members(
        plan, lambda each: services.tts(each, resources, longest, alone=alone), plan.attempt_timeout
    )
    _tell_losses("tts", members, listener)
    for member in members:
        if isinstance(member.service, TTSService):
            member.service.add_text_transformer(text.transform)
            pipecat_private.keep_context_open(member.service, longest)
            pipecat_private.split_by(member.service, lambda splitter: WholeSentences(splitter, text))
    return TextToSpeechFailover(members, listener, text) if plan.fallback else members[0].service


def _tell_losses(part: str, members: Sequence[Member], listener: SessionListener) -> None:
    for member in members:
        name = service_labels.described(part, member.name, member.address)
        pipecat_private.tell_losses(member.service, partial(_lost, listener, name))


def _lost(listener: SessionListener, name: str, why: str) -> None:
    listener.noted(f"connection_lost: {name}: {why[:MOST_REASON]}")


def _members(
    plan: ServicePlan, make: Callable[[ServicePlan], FrameProcessor], attempt_timeout: float
) -> list[Member]:
    return [
        Member(make(each), f"{each.provider}/{each.model}", attempt_timeout, service_labels.address(each))
        for each in (plan, *plan.fallback)
    ]
