"""The chunk sizes in which a telephone caller's audio is sent to a realtime model."""

from __future__ import annotations

from collections.abc import Callable

from agentrun.transports import mulaw

QUIET_SECONDS = 0.1
"""Chunk size while nobody speaks."""
SPEECH_SECONDS = 0.06
"""Chunk size while the caller goes on speaking, which the model already knows."""
SETTLED_SECONDS = 0.3
"""How long a caller has to be quiet; a shorter pause is one within words."""
_ABOVE_NOISE = 10.0
"""By how many mu-law steps, 16 of which are 6 dB, speech is louder than the line itself."""
_RISE = 2.5 / mulaw.RATE
"""By how many steps per sample the estimate of the line's noise may rise; it falls at once."""
_STEPS = bytes(~code & 0x7F for code in range(256))
"""The magnitude of each code, in steps that grow with it."""


class CallerPieces:
    """Joins chunks of audio when it does not matter that part of it arrives some 10 ms later.

    A message has its price whatever its length, and a telephone has fifty a second. Sound goes on at once
    from where a voice may begin until the model says that it hears one (``is_heard``), and in each pause
    until the model says that the turn is over: so neither an interruption nor an answer comes later.

    >>> pieces = CallerPieces(is_heard=lambda: False)
    >>> [len(pieces.take(bytes([mulaw.SILENCE]) * 160)) for _ in range(25)][14:]
    [160, 0, 0, 0, 0, 800, 0, 0, 0, 0, 800]
    """

    def __init__(self, is_heard: Callable[[], bool]) -> None:
        self._is_heard = is_heard
        self._noise = 0.0
        self._quiet_bytes = 0
        self._waiting = bytearray()

    @property
    def is_silent(self) -> bool:
        """Whether the caller has been quiet for a while, and the model hears nobody either."""
        return self._quiet_bytes > SETTLED_SECONDS * mulaw.RATE and not self._is_heard()

    def take(self, sound: bytes, *, at_once: bool = False) -> bytes:
        """What is to be sent now that ``sound`` in mu-law has come: nothing, or all that has waited.

        ``at_once`` joins nothing.
        """
        self._waiting += sound
        if len(self._waiting) < self._most(sound) and not at_once:
            return b""
        whole, self._waiting = bytes(self._waiting), bytearray()
        return whole

    def drop(self) -> None:
        """Discard what is waiting."""
        self._waiting.clear()

    def _most(self, sound: bytes) -> float:
        """How many bytes to send at once from now on."""
        if not self._is_quiet(sound):
            self._quiet_bytes = 0
            return SPEECH_SECONDS * mulaw.RATE if self._is_heard() else 0.0
        self._quiet_bytes += len(sound)
        return QUIET_SECONDS * mulaw.RATE if self.is_silent else 0.0

    def _is_quiet(self, sound: bytes) -> bool:
        """Whether ``sound`` is hardly louder than the line's own noise."""
        loudness = sum(sound.translate(_STEPS)) / len(sound)
        self._noise = min(loudness, self._noise + _RISE * len(sound))
        return loudness <= self._noise + _ABOVE_NOISE
