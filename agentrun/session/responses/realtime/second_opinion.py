"""A second opinion on the caller's speech, beside what a realtime model says that it hears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InputAudioRawFrame

from agentrun.pipeline.pipecat_private import session_events
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.pushed_frames import watch_pushed_frames
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.turns.strategies import words_mute
from agentrun.plan.plan import Plan
from agentrun.providers.service_plans import OPENAI
from agentrun.session.responses.realtime.judgement import speech_in
from agentrun.session.responses.realtime.quiet_caller import QuietCaller
from agentrun.session.responses.realtime.unheard_caller import UnheardCaller
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.transports.connection import Connection


@dataclass(frozen=True)
class SecondOpinion:
    """Asks whether the caller said something that a realtime model did not hear, or said it too quietly."""

    is_unheard: Callable[[], bool] = bool
    is_too_quiet: Callable[[], bool] = bool


def second_opinion(
    plan: Plan,
    parts: PipelineParts,
    connection: Connection,
    resources: Resources,
    response_deadline: ResponseDeadline,
) -> SecondOpinion:
    """What is asked of the caller's sound beside the model; nothing in a cascade.

    ``response_deadline`` is told when the caller's voice begins and ends, long before the model may say so.
    """
    events = session_events(parts.llm)
    is_told = plan.realtime and (plan.realtime.provider == OPENAI or realtime.tells_turns(plan.realtime))
    if events is None or not is_told or connection.written or not plan.spec.turns.second_opinion:
        return SecondOpinion()
    is_speech, beside, quietly = (
        speech_in(resources.vad(VADParams()), connection.sample_rate_in) for _ in range(3)
    )
    watch = UnheardCaller(
        heard_at=lambda: events.heard_at,
        is_speech=is_speech,
        heard_caller_at=lambda: events.heard_caller_at,
        patience=plan.spec.limits.answer,
        began=response_deadline.voice_began,
        ended=response_deadline.voice_ended,
        judge=lambda sound: resources.turn_threads.submit(beside, sound),
    )
    answer = response_deadline.answer
    quiet = QuietCaller(
        heard_at=lambda: events.heard_at,
        heard_caller_at=lambda: events.heard_caller_at,
        caller_speaks=lambda: events.caller_speaks,
        waits=lambda: answer.waits or answer.caller_talks or answer.tools.all,
        judge=lambda sound: resources.turn_threads.submit(quietly, sound),
    )
    response_deadline.turn.spoke_since = watch.spoke_since
    _listen(parts, connection, watch, quiet)
    return SecondOpinion(watch.is_unheard, quiet.is_too_quiet)


def _listen(parts: PipelineParts, connection: Connection, watch: UnheardCaller, quiet: QuietCaller) -> None:
    """Give both the caller's sound: as a telephone sends it, or the frames that the pipeline has of it."""
    caller = parts.aggregators.user()
    if not connection.caller_audio or connection.caller_audio.in_frames:
        for each in (watch, quiet):
            watch_pushed_frames(caller, InputAudioRawFrame, each.hear)
        return
    mute = words_mute(caller)

    def hear(sound: bytes) -> None:
        if not mute.muted:
            watch.hear_code(sound)
            quiet.hear_code(sound)

    connection.caller_audio.listen(hear)
