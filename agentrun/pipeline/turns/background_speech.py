"""Voices behind a caller, such as a television's, which go on when the caller has ended."""

from __future__ import annotations

import numpy as np

_WINDOW_SECONDS = 0.032
FAINT = 10.0
"""10 dB, as a ratio of energies: so much quieter than the caller was is somebody else. Of a speaker's own
seconds the loudest syllables are within some 6 dB of each other."""
FAINT_SECONDS = 4.0
"""So long, without a pause and without one louder syllable."""
_ABOVE = 2.5
"""4 dB over the loudest of it is the caller again."""
_SILENT = 32.0
"""15 dB under the loudest of it nobody is heard."""
SILENT_SECONDS = 1.5
"""After which whoever speaks next is the caller, however quiet they are: a television does not stop, and
somebody to whom the telephone was handed does."""
_FOLLOWS = 1 / 8
"""How fast the level follows the sound: within a syllable or two."""
_RISES = 1 / 31
"""How fast the caller's own level rises to that: a second of it counts, a click or a shout does not."""


class BackgroundSpeech:
    """Says which windows are hidden behind the caller: speech that is far quieter than theirs, and goes on.

    A turn would else end only where a television pauses. Who speaks on and on at their own level is heard.

    >>> loud, faint, voices = bytes([0, 32, 0, 224]) * 128, bytes([0, 2, 0, 254]) * 128, BackgroundSpeech()
    >>> hidden = [voices.hides(each, is_speaking=True) for each in [loud] * 60 + [faint] * 200]
    >>> hidden.index(True) - 60 > FAINT_SECONDS / 0.032
    True
    """

    def __init__(self) -> None:
        self._level = self._callers = self._behind = 0.0
        """Energies of a sample: now, of the caller, and of the voices behind them if there are any."""
        self._most, self._faint, self._silent = 0.0, 0, 0

    def hides(self, window: bytes, *, is_speaking: bool) -> bool:
        """Whether nobody is to hear ``window``, 16-bit samples: the caller ``is_speaking``, or has ended."""
        if not (is_speaking or self._behind):
            self.skipped()
            return False
        energy = float(np.frombuffer(window, "<i2").astype(np.float32).var())
        self._level += _FOLLOWS * (energy - self._level)
        if is_speaking:
            self._compare()
        self._wait(is_silent=not is_speaking and self._level * _SILENT < self._behind)
        return self._level < self._behind * _ABOVE

    def skipped(self) -> None:
        """There is nobody in a window."""
        self._level -= _FOLLOWS * self._level
        self._wait(is_silent=True)

    def _compare(self) -> None:
        self._callers += max(0.0, _RISES * (self._level - self._callers))
        if self._level * FAINT > self._callers:
            self._most, self._faint = 0.0, 0
            return
        self._most, self._faint = max(self._most, self._level), self._faint + 1
        if self._faint * _WINDOW_SECONDS >= FAINT_SECONDS:
            self._behind, self._faint = max(self._behind, self._most), 0

    def _wait(self, *, is_silent: bool) -> None:
        self._silent = self._silent + 1 if is_silent else 0
        if self._silent * _WINDOW_SECONDS >= SILENT_SECONDS:
            self._behind = self._callers = 0.0
