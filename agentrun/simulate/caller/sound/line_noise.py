"""Telephone line noise, during silence and beneath speech."""

from __future__ import annotations

import numpy as np

from agentrun.transports import mulaw
from agentrun.transports.mulaw import FRAME_BYTES, SILENCE

_FRAMES = 251
"""Five seconds of noise, which then come again."""
_SILENT_FRAME = bytes([SILENCE]) * FRAME_BYTES


class LineNoise:
    """White noise of ``level`` dB of full scale, such as -55; None is a digital line without any.

    >>> LineNoise(None).silence() == bytes([0xFF]) * 160
    True
    >>> len(set(LineNoise(-55.0).silence())) > 20
    True
    """

    def __init__(self, level: float | None = None, seed: int | None = None) -> None:
        self._frames: list[mulaw.Samples] = []
        self._encoded: list[bytes] = []
        self._next = 0
        if level is None:
            return
        random = np.random.default_rng(seed)
        loudness = 32_768 * 10 ** (level / 20)
        noise = random.normal(0.0, loudness, (_FRAMES, FRAME_BYTES))
        self._frames = list(np.clip(noise, -32_768, 32_767).astype(np.int16))
        self._encoded = [mulaw.encode(frame) for frame in self._frames]

    def silence(self) -> bytes:
        """The next 20 ms of a line on which nobody speaks, as mu-law."""
        return self._encoded[self._step()] if self._frames else _SILENT_FRAME

    def beneath(self, frame: bytes) -> bytes:
        """The next 20 ms of mu-law speech as the line carries it."""
        if not self._frames:
            return frame
        mixed = mulaw.decode(frame).astype(np.int32) + self._frames[self._step()]
        return mulaw.encode(np.clip(mixed, -32_768, 32_767).astype(np.int16))

    def _step(self) -> int:
        self._next = (self._next + 1) % _FRAMES
        return self._next
