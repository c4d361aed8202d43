"""Reports what the pipeline does for an answer to whatever tracks its state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.audio.voiced_sentences import UnheardSentenceFrame
from agentrun.pipeline.pipecat_private import VoiceBrokeOffFrame, session_events, speaks_like_openai
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services import end_of_answer
from agentrun.session.responses.provider_faults import Faults
from agentrun.session.responses.response_deadline import ResponseDeadline

_OF_MODEL = (
    LLMFullResponseStartFrame,
    LLMTextFrame,
    FunctionCallsStartedFrame,
    TTSAudioRawFrame,
    LLMFullResponseEndFrame,
    ErrorFrame,
)
_AT_LINE = (
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    LLMFullResponseEndFrame,
)
_OF_CALLER = (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame)


class AnswerEvents:
    """Listens to the caller's voice, to the model, and to what comes to the line after the voice.

    ``noted`` is told of an answer that ended before it was whole, and why.
    """

    def __init__(
        self, response_deadline: ResponseDeadline, faults: Faults, noted: Callable[[str], None]
    ) -> None:
        self._response_deadline = response_deadline
        self._faults = faults
        self._noted = noted
        self._made = self._erred = self._written = False

    def listen(self, parts: PipelineParts) -> None:
        """Follow the frames of both."""
        self._model = parts.llm
        self._realtime = speaks_like_openai(parts.llm)
        self._finds_turns = parts.is_realtime and not self._realtime
        pushed_frames.watch_pushed_frames(parts.llm, _OF_MODEL, self._from_model)
        if self._finds_turns:
            pushed_frames.watch_pushed_frames(parts.llm, InterruptionFrame, self._cut_off)
        line = parts.playout or parts.tts
        if line:
            self._written = parts.playout is None
            pushed_frames.watch_pushed_frames(line, _AT_LINE, self._at_line)
        if parts.tts:
            # told at once, before the end of the answer comes to the line
            pushed_frames.watch_pushed_frames(parts.tts, ErrorFrame, self._from_voice)
        caller = parts.aggregators.user()
        for part in (parts.stt, caller):
            if part:
                pushed_frames.watch_pushed_frames(part, _OF_CALLER, self._from_caller)

    def _from_voice(self, frame: ErrorFrame) -> None:
        if isinstance(frame, VoiceBrokeOffFrame):
            self._response_deadline.broke_off(frame.error)
        elif not isinstance(frame, UnheardSentenceFrame):
            self._faults.voice_fails = frame.category is not ErrorCategory.APPLICATION

    def _from_caller(self, frame: Frame) -> None:
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._response_deadline.voice_ended(frame.stop_secs)
        else:
            self._response_deadline.voice_began()

    def _from_model(self, frame: Frame) -> None:
        if isinstance(frame, LLMFullResponseStartFrame):
            self._erred = False
            if self._finds_turns:
                self._response_deadline.answers_by_itself()
            self._response_deadline.model_began()
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._ended(end_of_answer.reason_of(frame, self._model))
        elif isinstance(frame, ErrorFrame):
            # a realtime model tells of an error behind the end of the answer
            self._erred = self._erred or not (self._realtime or frame.category is ErrorCategory.APPLICATION)
        elif not isinstance(frame, LLMTextFrame) or frame.text.strip():
            self._made = True
            self._response_deadline.model_made()

    def _cut_off(self, _frame: InterruptionFrame) -> None:
        """A server that finds the turns says that the caller goes on: it answers all of it later."""
        if self._response_deadline.turn.answer_breaks_off():
            self._response_deadline.caller_speaks()

    def _ended(self, reason: str) -> None:
        made, erred = self._made, self._erred
        self._made = self._erred = False
        if erred:
            return
        if made and (end_of_answer.is_broken(reason) or (self._realtime and self._cut_by_nobody(reason))):
            self._response_deadline.broke_off(reason)
        elif made and not end_of_answer.is_normal(reason) and not reason.startswith("cancelled"):
            self._noted(f"the answer was cut: {reason}")
        certain = bool(reason) and not reason.startswith("cancelled")
        message = f"{_EMPTY}: {reason}" if reason else _EMPTY
        self._response_deadline.model_ended(message, made=made, certain=certain)

    def _cut_by_nobody(self, reason: str) -> bool:
        """Whether a server stopped speaking unasked, and for no caller of whose speech it has told.

        The pipeline learns of their turn only behind the end of the answer that it cuts off.
        """
        if not reason.startswith("cancelled") or self._response_deadline.turn.is_open:
            return False
        told = session_events(self._model)
        if told is None:
            return True
        cut_at = max(told.caller_began_at, told.cancelled_at)
        return not (told.caller_speaks or cut_at >= told.responded_at)

    def _at_line(self, frame: Frame) -> None:
        if isinstance(frame, LLMFullResponseStartFrame):
            self._faults.voice_sounds = self._faults.voice_fails = False
            self._response_deadline.answer.arrives(asyncio.get_running_loop().time())
        elif isinstance(frame, LLMFullResponseEndFrame):
            if self._faults.voice_sounds and self._faults.voice_fails:
                self._faults.forgive()
                self._response_deadline.broke_off("the voice failed at the end of the answer")
            self._response_deadline.delivered()
        elif isinstance(frame, TTSTextFrame):
            self._faults.sentence_spoken()
        elif self._written or isinstance(frame, TTSAudioRawFrame):
            self._faults.voice_sounds, self._faults.voice_fails = True, False
            self._response_deadline.answer.voiced()


_EMPTY = "the answer was empty"
