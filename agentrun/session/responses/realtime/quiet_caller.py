"""Detects a caller who is too quiet for a realtime server, as distinct from line noise."""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import InputAudioRawFrame

from agentrun.session.responses.realtime.judgement import Judgement
from agentrun.transports import mulaw

SPEECH_SECONDS, LOUD_SECONDS = 0.25, 0.5
"""How much sound over the noise is looked into, whether it is speech: the loudest of a word or two. An
utterance that is loud for the latter is none of a quiet caller's."""
PAUSE_SECONDS = 0.8
REACTION_SECONDS = 2.5
"""How long after the last of it a server that hears may take to say that anybody spoke."""
ECHO_SECONDS = 1.0
"""How much later than its end here the agent's own voice may come back over the line."""
LEAST_LEVEL, LOUD_LEVEL = 50.0, 480.0
"""Mean absolute samples of 16 bits, -56 and -37 dBFS: what no voice is below, and what is loud anywhere."""
OVER_NOISE = 3.0
"""How far a voice stands out of a line's noise: by 10 dB."""
UNDER_CALLER = 5.0
"""How far a caller's voice falls who turns away from the telephone; what is more than these 14 dB below
them is a voice from the room."""
MOST_TIMES = 2
"""How often a caller is asked to speak up."""
_KEPT_SECONDS = 3.0
_PIECE_SECONDS, _MOST_PIECES = 0.02, 100
_WINDOW_SECONDS, _WINDOWS = 1.0, 5
_PEAK = 16_000
Samples = NDArray[np.int16]
Levels = NDArray[np.float32]


class LineNoise:
    """The noise of a line: the quietest pieces of the last five seconds, of which some may be cut out.

    >>> noise = LineNoise()
    >>> for level in [100.0] * 50 + [900.0] * 40 + [110.0] * 10:
    ...     noise.note(level, 0.02)
    >>> noise.level
    105.0
    """

    def __init__(self) -> None:
        self._quietest: deque[float] = deque(maxlen=_WINDOWS)
        self._seconds = _WINDOW_SECONDS

    @property
    def level(self) -> float:
        """The mean absolute sample of the noise."""
        return statistics.median(self._quietest)

    def note(self, level: float, seconds: float) -> None:
        """Count a piece of the line's sound."""
        if self._seconds >= _WINDOW_SECONDS - seconds / 2:
            self._quietest.append(level)
            self._seconds = 0.0
        self._seconds += seconds
        self._quietest[-1] = min(self._quietest[-1], level)


class QuietCaller:
    """Notices speech that stands out of the line's noise, is not loud, and that the server doesn't react to.

    Of a caller whom the server has heard, as loud as they were at most while ``caller_speaks``, it is what is
    not far below that: others' voices, as a television's, are. ``heard_at`` and ``heard_caller_at`` are as
    ``UnheardCaller`` has them. What comes while somebody ``waits``, or right behind that, may be the agent's
    own voice, and is passed over. ``judge`` says whether there is speech in a sound, later and beside the
    event loop. Sound is looked into by the fifth of a second, at a tenth of the price of each piece.
    """

    def __init__(
        self,
        heard_at: Callable[[], float],
        heard_caller_at: Callable[[], float],
        caller_speaks: Callable[[], bool],
        waits: Callable[[], object],
        judge: Callable[[bytes], Future[bool]],
    ) -> None:
        self._heard_at, self._heard_caller_at = heard_at, heard_caller_at
        self._caller_speaks, self._waits = caller_speaks, waits
        self._judgement = Judgement(judge)
        self._clock = asyncio.get_running_loop().time
        self._noise = LineNoise()
        self._waited_at = self._began = self._last = -PAUSE_SECONDS
        self._voiced = self._loud = self._callers_level = 0.0
        self._pieces: deque[bytes] = deque(maxlen=_MOST_PIECES)
        self._rate = 0  # of frames; 0 where the sound comes in mu-law
        self._sound = bytearray()
        self._times = 0

    def hear(self, frame: InputAudioRawFrame) -> None:
        """Take a frame of the caller's sound, 16-bit PCM."""
        self._rate = frame.sample_rate
        self._pieces.append(frame.audio[: len(frame.audio) // 2 * 2])

    def hear_code(self, sound: bytes) -> None:
        """Take a piece of the caller's sound in a telephone's mu-law."""
        self._pieces.append(sound)

    def is_too_quiet(self) -> bool:
        """Whether the caller is to be asked to speak up; to be called again and again."""
        self._look()
        if self._voiced < SPEECH_SECONDS or self._clock() - self._last < REACTION_SECONDS:
            return False
        if self._heard_at() >= self._began or self._loud >= LOUD_SECONDS:
            self._forget()
            return False
        spoken = self._judgement(lambda: louder(bytes(self._sound)), self._last)
        if spoken is None:
            return False
        self._forget()
        self._times += spoken
        return spoken and self._times <= MOST_TIMES

    def _look(self) -> None:
        """Look into what has come since the last time."""
        now, speaks, waits = self._clock(), self._caller_speaks(), self._waits()
        sound = b"".join(self._pieces)
        self._pieces.clear()
        if waits:
            self._waited_at = now
        is_heard = self._heard_caller_at() > 0.0
        if is_heard and not speaks and (waits or not self._callers_level):
            self._forget()
            return
        rate = self._rate or mulaw.RATE
        samples = np.frombuffer(sound, "<i2") if self._rate else mulaw.decode(sound)
        size = round(rate * _PIECE_SECONDS)
        samples = samples[: len(samples) // size * size]
        if not len(samples):
            return
        pieces = samples.astype(np.float32).reshape(-1, size)
        # a line's constant is neither noise nor voice
        pieces -= pieces.mean(axis=1, keepdims=True)
        levels = np.abs(pieces).mean(axis=1)
        self._noise.note(float(levels.min()), len(samples) / rate)
        if speaks:
            self._callers_level = max(self._callers_level, float(levels.mean()))
        if speaks or now - self._waited_at < ECHO_SECONDS:
            self._forget()
            return
        self._note(levels, now)
        if self._voiced and len(self._sound) < _KEPT_SECONDS * rate * 2:
            self._sound += samples.tobytes()

    def _note(self, levels: Levels, now: float) -> None:
        """Count what of these pieces stands out, the last of which ended ``now``."""
        least = max(LEAST_LEVEL, OVER_NOISE * self._noise.level, self._callers_level / UNDER_CALLER)
        voiced = np.flatnonzero(levels > least)
        if len(voiced):
            before = (len(levels) - voiced) * _PIECE_SECONDS
            self._began = self._began if self._voiced else now - float(before[0])
            self._last = now - float(before[-1]) + _PIECE_SECONDS
            self._voiced += len(voiced) * _PIECE_SECONDS
            self._loud += int(np.count_nonzero(levels > LOUD_LEVEL)) * _PIECE_SECONDS
        elif self._voiced < SPEECH_SECONDS and now - self._last > PAUSE_SECONDS:
            self._forget()

    def _forget(self) -> None:
        self._voiced = self._loud = 0.0
        self._sound.clear()


def louder(pcm: bytes) -> bytes:
    """``pcm`` with its loudest sample at half of what there is room for, for a detector that is used to that.

    >>> np.frombuffer(louder(np.array([0, -100, 100], dtype="<i2").tobytes()), "<i2").tolist()
    [0, -16000, 16000]
    >>> np.frombuffer(louder(np.array([900, 800, 1000], dtype="<i2").tobytes()), "<i2").tolist()
    [0, -16000, 16000]
    """
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    samples -= samples.mean() if len(samples) else 0.0
    return (samples * (_PEAK / max(1.0, float(np.abs(samples).max(initial=0.0))))).astype("<i2").tobytes()
