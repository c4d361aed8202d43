"""Notices speech to which a realtime model does not react, over a socket that is open."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Future

from pipecat.frames.frames import InputAudioRawFrame

from agentrun.session.responses.realtime.judgement import Judgement, judged
from agentrun.session.responses.realtime.told_turn import BEFORE_SECONDS
from agentrun.transports import mulaw

SPEECH_SECONDS = 0.5
"""Loud sound that it takes to be taken for an utterance."""
PAUSE_SECONDS = 0.8
REACTION_SECONDS = 2.5
"""How long after the caller's last word a server that hears may take to say that anybody spoke; who goes on
and on is looked into in a pause, so long behind ``patience`` from their first word."""
LONG_SECONDS = 4.0
"""Sound that is loud for so long without a pause is looked into, whether it is a voice."""
_SHORT_SECONDS, _FORGET_SECONDS = 1.0, 8.0
"""Shorter words add up to one that the server has not heard, with no longer pause between them."""
_LOOK_SECONDS, _AGAIN_SECONDS = 1.5, 1.0
"""How much of it is looked into, and after how long a noise is once more."""
_KEPT_SECONDS = 3.0
_LOUD_SHARE = 0.2
_QUIET = bytes([0, 1, 2, 253, 254, 255])
"""Upper bytes of 16-bit samples within ±768: what a telephone line hisses at."""
_QUIET_CODES = mulaw.codes_within(-768, 767)


class UnheardCaller:
    """Notices speech to which the server does not react.

    The loudness of each frame is all that is looked at while the server hears: 5 µs for 20 ms. The sound of
    an utterance that it has missed is given to ``judge`` once, which says what ``is_speech`` does, later and
    beside the event loop. ``heard_at`` is when the server last showed that it hears or answers, on the loop's
    clock, ``heard_caller_at`` when that it hears the caller.
    One that has heard the beginning has ``patience`` seconds to hear the end. ``began`` and ``ended`` are
    told of each utterance, the latter how many seconds ago it was. What is loud for ``LONG_SECONDS`` and no
    speech is a noise: it is none of the caller's until there is speech in it.
    """

    def __init__(
        self,
        heard_at: Callable[[], float],
        is_speech: Callable[[bytes], bool],
        heard_caller_at: Callable[[], float] = lambda: -math.inf,
        patience: float = REACTION_SECONDS,
        began: Callable[[], None] = lambda: None,
        ended: Callable[[float], None] = lambda _ago: None,
        judge: Callable[[bytes], Future[bool]] | None = None,
    ) -> None:
        self._heard_at, self._heard_caller_at = heard_at, heard_caller_at
        self._is_speech = is_speech
        judge = judge or (lambda sound: judged(is_speech(sound)))
        self._missed, self._long = Judgement(judge), Judgement(judge)
        self._patience = max(patience, REACTION_SECONDS)
        self._tell_began, self._tell_ended = began, ended
        self._told_at = 0.0
        self._clock = asyncio.get_running_loop().time
        self._began = self._last_loud = self._noise_at = self._looked_at = self._short_at = -PAUSE_SECONDS
        self._loud = self._short = 0.0
        self._is_noise = False
        self._sound, self._recent, self._second = bytearray(), bytearray(), 0
        self._decoded: Callable[[bytes], bytes] = bytes

    def hear(self, frame: InputAudioRawFrame) -> None:
        """Take a frame of the caller's sound, 16-bit PCM."""
        samples = len(frame.audio) // 2
        loud = len(frame.audio[1::2].translate(None, _QUIET))
        self._decoded = bytes
        self._note(loud, samples, frame.sample_rate)
        self._keep(frame.audio, frame.sample_rate * 2)

    def hear_code(self, sound: bytes) -> None:
        """Take a piece of the caller's sound in a telephone's mu-law."""
        loud = len(sound.translate(None, _QUIET_CODES))
        self._decoded = mulaw.decode_pcm
        self._note(loud, len(sound), mulaw.RATE)
        self._keep(sound, mulaw.RATE)

    def _note(self, loud: int, samples: int, sample_rate: int) -> None:
        """Count a piece of which ``loud`` samples are loud."""
        now, is_loud = self._clock(), loud > samples * _LOUD_SHARE
        if self._is_noise:
            self._noise_at = now if is_loud else self._noise_at
            self._is_noise = now - self._noise_at <= PAUSE_SECONDS
        elif is_loud:
            if now - self._last_loud > PAUSE_SECONDS and not self._loud:
                if self._heard_at() >= self._short_at or now - self._short_at > _FORGET_SECONDS:
                    self._short = 0.0
                if not self._short:
                    self._sound.clear()
                self._began = self._looked_at = now
                self._recent.clear()
                self._tell_began()
            self._last_loud = now
            self._loud += samples / sample_rate

    def _keep(self, sound: bytes, second: int) -> None:
        """Keep a piece of an utterance, of ``second`` bytes a second: its beginning, and what came last."""
        if not self._loud and not self._is_noise:
            return
        most, self._second = round(_KEPT_SECONDS * second), second
        if len(self._sound) < most:
            self._sound += sound
        self._recent += sound
        if len(self._recent) > 2 * most:
            del self._recent[:-most]

    def spoke_since(self, at: float) -> bool:
        """Whether there is speech in the caller's sound since ``at``, of which the last seconds are kept."""
        if max(self._last_loud, self._noise_at) < at - BEFORE_SECONDS:
            return False
        return self._is_speech(self._kept(min(self._clock() - at + BEFORE_SECONDS, _KEPT_SECONDS)))

    def _kept(self, seconds: float) -> bytes:
        """The last ``seconds`` that were kept, decoded; cut between two samples, which may have two bytes."""
        return self._decoded(bytes(self._recent[-2 * max(1, round(seconds * self._second / 2)) :]))

    def _look(self) -> None:
        """Tell a noise from a voice in what is loud for long; the detector hears one sound at a time."""
        if self._missed.is_at_work:
            return
        now = self._clock()
        if not self._long.is_asked:
            long = now - self._last_loud < PAUSE_SECONDS and now - self._looked_at >= LONG_SECONDS
            if not long and not (self._is_noise and now - self._looked_at >= _AGAIN_SECONDS):
                return
            self._looked_at = now
        spoken = self._long(lambda: self._kept(_LOOK_SECONDS), self._looked_at)
        if spoken is None:
            return
        was_noise, self._is_noise = self._is_noise, not spoken
        if self._is_noise and not was_noise:
            self._noise_at, self._last_loud = now, now - _LOOK_SECONDS
        elif was_noise and not self._is_noise:
            self._last_loud, self._loud = now, self._loud or SPEECH_SECONDS
            self._sound[:] = self._recent
            self._tell_began()

    def is_unheard(self) -> bool:
        """Whether the caller has said something that the server did not hear; each utterance counts once."""
        self._look()
        silent = self._clock() - self._last_loud
        if not self._loud or silent < min(REACTION_SECONDS, PAUSE_SECONDS):
            return False
        if self._told_at < self._last_loud:
            self._told_at = self._last_loud
            self._tell_ended(silent)
        half_heard = self._heard_caller_at() >= self._began and self._heard_at() <= self._last_loud
        if self._heard_at() >= self._began and not half_heard:
            self._loud = self._short = 0.0
            return False
        if self._loud < SPEECH_SECONDS and not self._adds_up():
            return False
        spoken_for = self._clock() - self._began
        again = self._short >= _SHORT_SECONDS or (
            not half_heard and spoken_for >= self._patience + REACTION_SECONDS
        )
        waits = silent < (self._patience if half_heard else REACTION_SECONDS)
        if (waits and not again) or self._long.is_at_work:
            return False
        spoken = self._missed(lambda: self._decoded(bytes(self._sound)), self._last_loud)
        if spoken is not None:
            self._loud = self._short = 0.0
        return bool(spoken)

    def _adds_up(self) -> bool:
        """Whether words too short for an utterance are one together: "hello?", and "hello?" again."""
        self._short, self._short_at = self._short + self._loud, self._last_loud
        self._loud = self._short if self._short >= _SHORT_SECONDS else 0.0
        return self._loud > 0.0
