"""The caller's turns: their end is held until all of their speech has been transcribed.

Pipecat 1.14 ends a turn with the first transcript that comes. Where a pause cuts speech in two, that is the
first half's: the agent answers half of what was said, and the second half interrupts its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipecat.frames.frames import Frame, VADUserStoppedSpeakingFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_mute import BaseUserMuteStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy, TurnAnalyzerUserTurnStopStrategy

from agentrun.pipeline.turns.speech_segments import SegmentWrittenFrame


class _Held:
    """Counts the stretches of speech that are not written down yet.

    Should words never come, the aggregator's limit for a turn's end bounds the wait: 5 s.
    """

    _unwritten = 0

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._unwritten += 1
        result: ProcessFrameResult = await super().process_frame(frame)  # type: ignore[misc]
        if isinstance(frame, SegmentWrittenFrame) and self._unwritten:
            self._unwritten -= 1
            await self._written()
        return result

    async def _written(self) -> None:
        """All of the speech so far has been written down: where it holds no words, it was noise, and is over.

        Pipecat waits for words for 5 s, and an agent whom a cough has cut is silent for as long.
        """
        if self._unwritten or self._text or self._vad_user_speaking:  # type: ignore[attr-defined]
            await self._maybe_trigger_user_turn_stopped()
        else:
            await self.trigger_user_turn_stopped()  # type: ignore[attr-defined]

    async def handle_user_turn_started(self) -> None:
        self._unwritten = 0
        await super().handle_user_turn_started()  # type: ignore[misc]

    async def handle_user_turn_stopped(self) -> None:
        self._unwritten = 0
        await super().handle_user_turn_stopped()  # type: ignore[misc]

    async def _maybe_trigger_user_turn_stopped(self) -> None:
        if not self._unwritten:
            await super()._maybe_trigger_user_turn_stopped()  # type: ignore[misc]


class HeldTurnAnalyzer(_Held, TurnAnalyzerUserTurnStopStrategy):
    """The end by a model that hears the turn."""


class HeldSpeechTimeout(_Held, SpeechTimeoutUserTurnStopStrategy):
    """The end by silence."""


def stop_by_model(analyzer: Any, *, transcribed: bool, segmented: bool) -> TurnAnalyzerUserTurnStopStrategy:
    """The end of turns by ``analyzer``; ``segmented`` where each stretch of speech is told to be written."""
    strategy = HeldTurnAnalyzer if segmented else TurnAnalyzerUserTurnStopStrategy
    return strategy(turn_analyzer=analyzer, wait_for_transcript=transcribed)


def stop_by_silence(
    seconds: float, *, transcribed: bool, segmented: bool
) -> SpeechTimeoutUserTurnStopStrategy:
    """The end of turns after ``seconds`` of silence; ``segmented`` as above."""
    strategy = HeldSpeechTimeout if segmented else SpeechTimeoutUserTurnStopStrategy
    return strategy(user_speech_timeout=seconds, wait_for_transcript=transcribed)


_ALLOWED, _SUSPENDED = "agentrun.allowed", "agentrun.suspended"


def allow_interruptions(caller: LLMUserAggregator, allowed: bool) -> None:
    """Whether what the caller says interrupts the agent from now on, unless that is suspended."""
    setattr(caller, _ALLOWED, allowed)
    _set_interruptions(caller)


def suspend_interruptions(caller: LLMUserAggregator, why: object, suspended: bool) -> None:
    """Let nothing that the caller says interrupt the agent while that is ``suspended``, for any reason."""
    if not hasattr(caller, _ALLOWED):
        setattr(caller, _ALLOWED, may_interrupt(caller))
    others = [each for each in getattr(caller, _SUSPENDED, ()) if each is not why]
    setattr(caller, _SUSPENDED, [*others, why] if suspended else others)
    _set_interruptions(caller)


def _set_interruptions(caller: LLMUserAggregator) -> None:
    turns = caller._params.user_turn_strategies
    for strategy in (turns.start or ()) if turns else ():
        strategy._enable_interruptions = getattr(caller, _ALLOWED) and not getattr(caller, _SUSPENDED, ())


def may_interrupt(caller: LLMUserAggregator) -> bool:
    """Whether what the caller says interrupts the agent."""
    turns = caller._params.user_turn_strategies
    return turns is not None and any(each._enable_interruptions for each in turns.start or ())


def mute_strategies(caller: LLMUserAggregator) -> Sequence[BaseUserMuteStrategy]:
    """What decides whether the caller is listened to."""
    return tuple(caller._params.user_mute_strategies)
