"""Whether a voice has said a sentence: there is sound for it, and not silence in its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame

from agentrun.pipeline.services.speech.audible_sound import QUIET, is_silent

_KEPT_SECONDS = 2.0
"""Of the silence that a sentence begins with."""
_WINDOW_SECONDS = 0.02
_SLACK_SECONDS = 0.1
"""What a voice's times of its words may be beside their sound."""
_LEAST_SECONDS = 3 * _SLACK_SECONDS
"""A shorter sentence is taken for heard."""


@dataclass
class UnheardSentenceFrame(ErrorFrame):
    """A voice has made silence of one sentence among others; ``segment`` is the sentence's own id."""

    segment: int = 0


class AskedOnce:
    """One request for a sentence, whose silence is held back until something follows that can be heard.

    >>> asked = AskedOnce()
    >>> asked.gives(TTSAudioRawFrame(bytes(480), 24_000, 1)), asked.is_silent
    ([], True)
    """

    def __init__(self) -> None:
        self.is_silent = True
        """Whether it has given nothing but silence, or nothing at all; not where it has failed."""
        self._held: deque[TTSAudioRawFrame] = deque()
        self._seconds = 0.0

    def gives(self, frame: Frame | None) -> Sequence[Frame | None]:
        """What goes on now that ``frame`` has come: None is the word of a voice that streams beside it."""
        if not self.is_silent:
            return [frame]
        if isinstance(frame, TTSAudioRawFrame) and is_silent(frame.audio):
            self._hold(frame)
            return []
        if frame is not None and not isinstance(frame, ErrorFrame | TTSAudioRawFrame):
            return [frame]
        self.is_silent = False
        return [*self._held, frame]

    def _hold(self, frame: TTSAudioRawFrame) -> None:
        self._held.append(frame)
        self._seconds += sound_seconds(frame)
        while self._seconds > _KEPT_SECONDS:
            self._seconds -= sound_seconds(self._held.popleft())


class SentenceTimes:
    """The sound of one answer of a voice that times its words, and the sentences that they are of.

    Times are seconds from its beginning.

    >>> times = SentenceTimes()
    >>> for sentence, at in ((1, 0.0), (1, 0.4), (2, 1.0)):
    ...     times.word(sentence, at)
    >>> for sound in (bytes(48_000), b"\\x00\\x10\\x00\\xf0" * 12_000):
    ...     times.sound(TTSAudioRawFrame(sound, 24_000, 1))
    ...     times.silent()
    []
    [1]
    """

    def __init__(self) -> None:
        self._length = 0.0
        self._audible: list[tuple[float, float]] = []
        self._sentences: deque[tuple[int, float]] = deque()
        """Of each sentence that was not judged yet when its first word is."""
        self._found: list[int] = []

    def sound(self, frame: TTSAudioRawFrame) -> None:
        """More of it has come."""
        began, samples = self._length, np.frombuffer(frame.audio, "<i2").astype(np.int32)
        self._length += sound_seconds(frame)
        size = max(1, int(frame.sample_rate * _WINDOW_SECONDS))
        windows = samples[: len(samples) // size * size].reshape(-1, size)
        for place in np.flatnonzero(np.ptp(windows, axis=1) > 2 * QUIET):
            self._heard(began + float(place) * _WINDOW_SECONDS)

    def word(self, sentence: int, at: float) -> None:
        """The next word, of ``sentence``, is said ``at`` this time."""
        if not self._sentences or self._sentences[-1][0] != sentence:
            self._sentences.append((sentence, at))

    def silent(self, *, is_over: bool = False) -> list[int]:
        """The sentences that were silent, each told once, as soon as the sound is beyond them.

        Of an answer in which nothing can be heard they are not told: it is no answer.
        """
        while len(self._sentences) > 1 or (is_over and self._sentences):
            sentence, began = self._sentences[0]
            ended = self._sentences[1][1] if len(self._sentences) > 1 else self._length
            if ended > self._length:
                break
            self._sentences.popleft()
            if ended - began >= _LEAST_SECONDS and not self._is_heard(began, ended):
                self._found.append(sentence)
        if not self._audible:
            return []
        found, self._found = self._found, []
        return found

    def _heard(self, at: float) -> None:
        since = at
        if self._audible and at - self._audible[-1][1] < _WINDOW_SECONDS:
            since = self._audible.pop()[0]
        self._audible.append((since, at + _WINDOW_SECONDS))

    def _is_heard(self, began: float, ended: float) -> bool:
        first, last = began + _SLACK_SECONDS, ended - _SLACK_SECONDS
        return any(start < last and end > first for start, end in self._audible)


def sound_seconds(frame: object) -> float:
    """How long the sound of ``frame`` lasts; 0 if it is none.

    >>> sound_seconds(TTSAudioRawFrame(bytes(3200), 16_000, 1)), sound_seconds(None)
    (0.1, 0.0)
    """
    return frame.num_frames / frame.sample_rate if isinstance(frame, TTSAudioRawFrame) else 0.0
