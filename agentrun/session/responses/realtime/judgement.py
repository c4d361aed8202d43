"""Detects speech in audio outside the event loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from pipecat.audio.vad.vad_analyzer import VADAnalyzer

_CONFIDENCE, _LEAST_SECONDS = 0.7, 0.25
"""How sure a detector has to be of so much of a sound."""


class Judgement:
    """Has a sound judged by ``judge``, one at a time; the result is known when it is asked for again.

    What was found of one sound is never taken for another's, which ended at another time.
    """

    def __init__(self, judge: Callable[[bytes], Future[bool]]) -> None:
        self._judge = judge
        self._result: Future[bool] | None = None
        self._at = 0.0

    @property
    def is_asked(self) -> bool:
        """Whether what was found of a sound has not been taken yet."""
        return self._result is not None

    @property
    def is_at_work(self) -> bool:
        """Whether a sound is being judged."""
        return self._result is not None and not self._result.done()

    def __call__(self, sound: Callable[[], bytes], at: float) -> bool | None:
        """What came of ``sound``, which is that of the time ``at``; None while it or one before is judged."""
        if self._result and at != self._at and (self._result.cancel() or self._result.done()):
            self._result = None
        if self._result is None:
            self._result, self._at = self._judge(sound()), at
        if at != self._at or not self._result.done():
            return None
        result, self._result = self._result, None
        return result.result()


def judged(result: bool) -> Future[bool]:
    """A judgement that is there already."""
    future: Future[bool] = Future()
    future.set_result(result)
    return future


def speech_in(analyzer: VADAnalyzer, sample_rate: int) -> Callable[[bytes], bool]:
    """Whether a piece of sound is speech, by a voice activity detector, at 10 ms of CPU for 1 s of sound."""
    analyzer.set_sample_rate(sample_rate)
    size = analyzer.num_frames_required() * 2

    def is_speech(sound: bytes) -> bool:
        windows = [sound[start : start + size] for start in range(0, len(sound) - size + 1, size)]
        voiced = sum(analyzer.voice_confidence(window) > _CONFIDENCE for window in windows)
        return voiced * size >= _LEAST_SECONDS * sample_rate * 2

    return is_speech
