"""Batches the caller's audio into larger chunks while they neither start nor stop speaking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from loguru import logger
from pipecat.audio.vad.vad_analyzer import VADState

Judge = Callable[[bytes], tuple[VADState, float]]
"""Given sound, says what the caller does at its end, and for how many seconds they have paused."""
_STEADY = (VADState.QUIET, VADState.SPEAKING)


class JudgedSound(bytes):
    """16-bit samples that the voice detector has heard, with what it said of their end."""

    state: VADState
    silence: float

    @classmethod
    def of(cls, sound: bytes | bytearray, state: VADState, silence: float) -> Self:
        """``sound``, as it was judged."""
        judged = cls(sound)
        judged.state, judged.silence = state, silence
        return judged


class SteadySound:
    """Has the voice detector judge sound before it goes into the pipeline, and keeps what changes nothing.

    A frame's way through a pipeline costs more than its judgement. Whoever collects the caller's sound needs
    it when they begin, pause or stop, and is given all of it then; else ``most`` bytes of it at once. While
    ``is_heard`` says no, nothing is judged or kept: the caller is muted.

    >>> steady = SteadySound(lambda sound: (VADState.QUIET, 0.0), lambda: True, 1600)
    >>> [len(steady.piece(bytes(512))) for _ in range(5)]
    [0, 0, 0, 2048, 0]
    """

    def __init__(self, judge: Judge, is_heard: Callable[[], bool], most: int) -> None:
        self._judge, self._is_heard = judge, is_heard
        self._most = most
        self._state = VADState.QUIET
        self._kept = bytearray()

    def piece(self, sound: bytes) -> bytes:
        """What goes into the pipeline now that ``sound`` has come: all that there is, or nothing."""
        self._kept += sound
        if not self._is_heard():
            return self._all()
        try:
            state, silence = self._judge(sound)
        except Exception as error:  # noqa: BLE001 - it is judged in the pipeline then, which tells of a fault
            logger.opt(exception=error).warning("the caller's sound was not judged before the pipeline")
            return self._all()
        is_steady = state is self._state and state in _STEADY
        self._state = state
        if is_steady and len(self._kept) < self._most:
            return b""
        return JudgedSound.of(self._all(), state, silence)

    def _all(self) -> bytes:
        kept, self._kept = bytes(self._kept), bytearray()
        return kept
