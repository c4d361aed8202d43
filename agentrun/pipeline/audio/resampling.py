"""Resamples a stream of audio with little delay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler

Samples = NDArray[np.float64]
_TAPS = 32
"""Length of the filter in samples of the lower rate; half of it, 2 ms at 8 kHz, is the delay."""
_CUTOFF = 0.97
"""Where the filter is at half, of the lower rate's half; FFmpeg's resampler has the same."""
_BETA = 9.0
"""Shape of the Kaiser window: 90 dB below in the stop band (Kaiser and Schafer, 1980)."""
_FEW_PHASES = 4
"""With at most so many phases it costs less to compute them all in one product than to pick."""


class PromptResampler(BaseAudioResampler):
    """A polyphase filter for a stream of 16-bit mono audio, with a delay of 2 ms.

    Pipecat's own asks soxr, which works in blocks: of a stream in pieces of 20 ms it holds back 152 ms
    between 8 and 24 kHz at Pipecat's default, very high quality, and 73 ms at high. This one is flat to
    3.4 kHz, the band of a telephone (ITU-T G.712), and what it mirrors into it from above 4.6 kHz is below
    -80 dB (``tests/pipeline/audio/test_resampling.py``).

    >>> import asyncio
    >>> len(asyncio.run(PromptResampler().resample(bytes(320), 8_000, 24_000)))
    864
    """

    def __init__(self) -> None:
        self._stream: _Stream | None = None

    async def resample(self, audio: bytes, in_rate: int, out_rate: int) -> bytes:
        """Resample audio from ``in_rate`` to ``out_rate`` Hz; the delayed rest comes with the next chunk."""
        if in_rate == out_rate or not audio:
            return audio
        bank = _bank(in_rate, out_rate)
        if self._stream is None or self._stream.bank is not bank:
            self._stream = _Stream(bank)
        return _pcm(self._stream.take(np.frombuffer(audio, np.int16)))

    async def flush(self) -> bytes:
        """Return the delayed rest; the next chunk begins another stream."""
        stream, self._stream = self._stream, None
        return _pcm(stream.take(np.zeros(stream.bank.half, np.int16))) if stream else b""

    async def reset(self) -> None:
        """Discard the delayed rest."""
        self._stream = None


@dataclass(frozen=True, eq=False)
class _Bank:
    """The filter, cut into ``up`` phases of ``2 * half`` taps; every ``down``-th phase gives a sample."""

    up: int
    down: int
    half: int
    taps: Samples


@lru_cache(maxsize=32)
def _bank(in_rate: int, out_rate: int) -> _Bank:
    divisor = math.gcd(in_rate, out_rate)
    up, down = out_rate // divisor, in_rate // divisor
    narrow = min(1.0, out_rate / in_rate)
    half = math.ceil(_TAPS / 2 / narrow)
    # row p: how far each of the 2 * half input samples is from the moment p / up after the middle
    distance = np.arange(2 * half) - (half - 1) - np.arange(up)[:, None] / up
    window = np.i0(_BETA * np.sqrt(np.maximum(0.0, 1 - (distance / half) ** 2))) / np.i0(_BETA)
    taps = np.sinc(distance * _CUTOFF * narrow) * window
    return _Bank(up, down, half, taps / taps.sum(axis=1, keepdims=True))


class _Stream:
    """One stream: the input that is still needed, and the phase that comes next."""

    def __init__(self, bank: _Bank) -> None:
        self.bank = bank
        self._held: Samples = np.zeros(bank.half - 1)
        self._next = 0

    def take(self, samples: NDArray[np.int16]) -> Samples:
        """The output that ``samples`` complete."""
        bank = self.bank
        buffer: Samples = np.concatenate((self._held, samples))
        ready = len(buffer) - 2 * bank.half + 1
        if ready <= 0:
            self._held = buffer
            return np.empty(0)
        # sliding_window_view does the same, and takes longer than the filter
        windows: Samples = np.ndarray(
            (ready, 2 * bank.half), buffer.dtype, buffer, strides=buffer.strides * 2
        )
        chosen = range(self._next, ready * bank.up, bank.down)
        self._next += len(chosen) * bank.down - ready * bank.up
        self._held = buffer[ready:]
        return _filtered(windows, bank, chosen)


def _filtered(windows: Samples, bank: _Bank, chosen: range) -> Samples:
    """Of all phases of all ``windows``, in order, the ``chosen`` ones."""
    output: Samples
    if bank.up == 1:
        output = windows[chosen.start :: bank.down] @ bank.taps[0]
    elif bank.up <= _FEW_PHASES:
        output = (windows @ bank.taps.T).reshape(-1)[chosen.start :: bank.down]
    else:
        moments, phases = np.divmod(np.arange(chosen.start, chosen.stop, bank.down), bank.up)
        output = np.einsum("ij,ij->i", windows[moments], bank.taps[phases])
    return output


def _pcm(samples: Samples) -> bytes:
    return samples.round().clip(-32_768, 32_767).astype(np.int16).tobytes()
