"""The turn strategies: when the caller begins, ends, and may interrupt."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import Frame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator, LLMUserAggregatorParams
from pipecat.turns.empty_user_turn import EmptyUserTurnConfig
from pipecat.turns.user_mute import (
    AlwaysUserMuteStrategy,
    BaseUserMuteStrategy,
    FirstSpeechUserMuteStrategy,
    FunctionCallUserMuteStrategy,
    MuteUntilFirstBotCompleteUserMuteStrategy,
)
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
)
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.enough_words import EnoughWords
from agentrun.spec.models import idle
from agentrun.spec.models.agent import AgentSpec

MUTES: dict[str, type[BaseUserMuteStrategy]] = {
    "always": AlwaysUserMuteStrategy,
    "first-speech": FirstSpeechUserMuteStrategy,
    "greeting": MuteUntilFirstBotCompleteUserMuteStrategy,
    "tools": FunctionCallUserMuteStrategy,
}
"""The words of ``turns.mute``."""

_NOISE = EmptyUserTurnConfig(
    interrupted_prompt=(
        "A noise cut you off there, and no words were heard. The conversation holds what the caller heard "
        "of your answer. Go on with the next word as if nothing had happened, without repeating anything and "
        "without mentioning the noise. Where they have heard nothing of it, give the answer."
    ),
    max_consecutive_recoveries=5,
)
"""A caller who coughs while the agent speaks is not asked to repeat it: the answer goes on."""

_START_SECONDS = 0.2
"""Of doubtful speech before a turn begins, unless the spec says otherwise; Pipecat's own default."""


class WordsMute(BaseUserMuteStrategy):
    """Mutes the caller for as long as it is told to: during words that nobody may interrupt or answer.

    ``for_words`` goes with them, ``for_good`` stays until the call is over, whatever a flow says meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.for_words = self.for_good = False

    @property
    def muted(self) -> bool:
        """Whether the caller is not listened to now."""
        return self.for_words or self.for_good

    async def process_frame(self, frame: Frame) -> bool:  # noqa: ARG002 - asked of each one
        return self.muted


@dataclass(frozen=True)
class Words:
    """What is known of a call's transcripts: whether there are any, and whether each stretch is told of."""

    transcribed: bool = True
    segmented: bool = False


def user_params(
    spec: AgentSpec, resources: Resources, words: Words, pauses: EarlyEndOfTurn
) -> LLMUserAggregatorParams:
    """How the caller's turns are found on this machine; without transcripts they end by sound alone."""
    turns = spec.turns
    params = VADParams(
        confidence=turns.confidence,
        start_secs=_START_SECONDS if turns.start is None else turns.start,
        stop_secs=turns.stop,
        min_volume=turns.min_volume,
    )
    return LLMUserAggregatorParams(
        vad_analyzer=resources.vad(params, pauses, early_start=turns.start is None),
        user_turn_strategies=UserTurnStrategies(
            start=_start(spec), stop=[_stop(spec, resources, words, pauses)]
        ),
        user_mute_strategies=mute_strategies(spec),
        user_idle_timeout=idle_after(spec),
        empty_user_turn=_NOISE if words.transcribed else None,
    )


def mute_strategies(spec: AgentSpec) -> list[BaseUserMuteStrategy]:
    """When the caller is not listened to."""
    return [*(MUTES[word]() for word in spec.turns.mute), WordsMute()]


def words_mute(caller: LLMUserAggregator) -> WordsMute:
    """What mutes the caller for words of this call."""
    mutes = pipecat_private.mute_strategies(caller)
    return next(mute for mute in mutes if isinstance(mute, WordsMute))


def idle_after(spec: AgentSpec) -> float:
    """Seconds of silence after which the caller is asked; 0 is never."""
    first = idle.step(spec.turns.idle, 0)
    return first.wait if first else 0


def _start(spec: AgentSpec) -> list[BaseUserTurnStartStrategy]:
    turns = spec.turns
    if turns.min_words:
        return [EnoughWords(min_words=turns.min_words, enable_interruptions=turns.interruptions)]
    transcription = TranscriptionUserTurnStartStrategy(enable_interruptions=turns.interruptions)
    if turns.detection == "transcription":
        return [transcription]
    return [VADUserTurnStartStrategy(enable_interruptions=turns.interruptions), transcription]


def _stop(
    spec: AgentSpec, resources: Resources, words: Words, pauses: EarlyEndOfTurn
) -> BaseUserTurnStopStrategy:
    if spec.turns.detection == "smart":
        analyzer = resources.smart_turn(None if spec.turns.early == "none" else pauses)
        return pipecat_private.stop_by_model(
            analyzer, transcribed=words.transcribed, segmented=words.segmented
        )
    silence = spec.turns.silence
    return pipecat_private.stop_by_silence(silence, transcribed=words.transcribed, segmented=words.segmented)
