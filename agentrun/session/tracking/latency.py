"""Where the time goes between the caller's last word and the first audio of the answer."""

from __future__ import annotations

from collections.abc import Callable

from pipecat.frames.frames import (
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    VADUserStoppedSpeakingFrame,
)

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.records import CallRecord, Turn
from agentrun.transports import mulaw
from agentrun.transports.connection import Connection

_QUIET = bytes([0, 1, 2, 253, 254, 255])
"""Upper bytes of 16-bit samples within ±768; what is louder, -33 dB, is above a telephone line's hiss."""
_QUIET_CODES = mulaw.codes_within(-768, 767)
_MOST_SILENCE = 3.0
"""Seconds: a line that was quiet for longer before the turn ended has a caller who is not loud."""
STAGES = ("endpointing", "stt", "llm", "model", "tool", "tts", "transport")


class Latency:
    """Notes the times of one call, and adds a ``Turn`` to its record when an answer is heard.

    ``clock`` gives seconds since the start of the call.
    """

    def __init__(self, record: CallRecord, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._thinking = "model"
        self._loud = self._silent_since = self._confirmed = self._transcribed = 0.0
        self._marks: list[tuple[str, float]] = []
        self._ended: float | None = None
        self._hears = False
        self._waited: dict[float, Turn] = {}

    def listen(self, parts: PipelineParts, connection: Connection) -> None:
        """Listen to incoming audio, transcripts, and synthesized audio."""
        if connection.written:
            return
        self._hears = True
        self._thinking = "llm" if parts.tts else "model"
        if connection.caller_audio:
            connection.caller_audio.listen(self._heard_code)
        else:
            pushed_frames.watch_pushed_frames(connection.transport.input(), InputAudioRawFrame, self._heard)
        caller = parts.aggregators.user()
        caller.add_event_handler("on_user_turn_started", self._caller_started)
        caller.add_event_handler("on_user_turn_stopped", self._caller_stopped)
        for part in (parts.stt, caller):
            if part:
                pushed_frames.watch_pushed_frames(part, VADUserStoppedSpeakingFrame, self._silent)
                pushed_frames.watch_pushed_frames(part, TranscriptionFrame, self._understood)
        if parts.playout:
            parts.playout.on_begin(self.agent_started)
            parts.playout.on_heard(self.answer_heard)
        speaker = parts.tts or parts.llm
        pushed_frames.watch_pushed_frames(speaker, TTSStartedFrame, self._voice_sounds)
        pushed_frames.watch_pushed_frames(speaker, TTSAudioRawFrame, self._voice_sounds)

    async def _caller_started(self, *_: object) -> None:
        self._forget()

    async def _caller_stopped(self, *_: object) -> None:
        now = self._clock()
        self._ended = self._last_word(now)
        self._marks = [("endpointing", now)]

    def asked(self) -> None:
        """The caller has written something or pressed keys, and waits for an answer from now on."""
        self._forget()
        self._ended = self._clock()

    def _forget(self) -> None:
        self._ended, self._marks = None, []
        self._silent_since = self._transcribed = 0.0

    def tool_started(self) -> None:
        """The model has called a tool."""
        self._mark(self._thinking)

    def tool_ended(self) -> None:
        """The tool is done."""
        self._mark("tool")

    def agent_started(self, began: float) -> None:
        """The first audio of the greeting or an answer was played at ``began``, in the event loop's time."""
        at = self._record.offset(began)
        if self._record.first_audio_ms is None and self._hears:
            self._record.first_audio_ms = round(at * 1000, 1)
        if self._ended is None:
            return
        self._mark("transport", at)
        stages = dict.fromkeys(STAGES, 0.0)
        before = self._ended
        for stage, at in self._marks:
            stages[stage] += at - before
            before = at
        transcribing = self._transcribed - self._confirmed if self._transcribed else 0.0
        stages["stt"] = min(max(0.0, transcribing), stages["endpointing"])
        stages["endpointing"] -= stages["stt"]
        durations = {stage: round(seconds * 1000, 1) for stage, seconds in stages.items() if seconds}
        turn = Turn(round(self._ended, 3), round((before - self._ended) * 1000, 1), durations)
        self._waited[began] = turn
        self._forget()

    def answer_heard(self, began: float) -> None:
        """Words of the answer that started at ``began`` were heard, so its response time counts.

        Of an answer that is cut before its first word nothing is heard, and the caller waits on.
        """
        if turn := self._waited.pop(began, None):
            self._record.turns.append(turn)
        self._waited = {at: wait for at, wait in self._waited.items() if at > began}

    def _last_word(self, now: float) -> float:
        """When the caller's last word ended: the last loud audio, or the voice detector's end of speech."""
        silent = self._silent_since or now
        return self._loud if 0 < self._loud < silent and silent - self._loud < _MOST_SILENCE else silent

    def _mark(self, stage: str, at: float | None = None) -> None:
        if self._ended is not None:
            self._marks.append((stage, self._clock() if at is None else at))

    def _heard(self, frame: InputAudioRawFrame) -> None:
        # the upper byte of each sample, without those of quiet samples
        if frame.audio[1::2].translate(None, _QUIET):
            self._loud = self._clock()

    def _heard_code(self, sound: bytes) -> None:
        if sound.translate(None, _QUIET_CODES):
            self._loud = self._clock()

    def _silent(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._silent_since = self._clock() - frame.stop_secs
        self._confirmed = self._clock()

    def _understood(self, _frame: TranscriptionFrame) -> None:
        self._transcribed = self._clock()

    def _voice_sounds(self, frame: TTSStartedFrame | TTSAudioRawFrame) -> None:
        if self._ended is None:
            return
        last = self._marks[-1][0] if self._marks else ""
        if isinstance(frame, TTSStartedFrame) and self._thinking == "llm" and last not in ("llm", "tts"):
            self._mark("llm")
        elif isinstance(frame, TTSAudioRawFrame) and last not in ("tts", "model"):
            self._mark("tts" if self._thinking == "llm" else "model")
