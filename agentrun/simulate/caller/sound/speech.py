"""An utterance at the telephone's sample rate, with the bounds of the speech in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentrun.errors import AgentRunError
from agentrun.transports.mulaw import RATE, Samples

_STEP = RATE // 100
_FLOOR = 100.0
"""Root mean square of a 16-bit step under which nothing is speech: -50 dB of full scale."""
_BELOW_LOUDEST = 0.018
"""A step is speech when it is at most 35 dB under the loudest one: trailing consonants are that weak."""


@dataclass(frozen=True)
class Speech:
    """Sound at 8 kHz, with the seconds at which the speech in it begins and ends.

    Silence before and after the words is kept, since a real caller sends it too, but it is not speech:
    answers are timed from ``end``. A sound without speech begins and ends at 0.
    """

    samples: Samples
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length with its silence."""
        return len(self.samples) / RATE

    @property
    def silent(self) -> bool:
        """Whether nothing is said."""
        return self.end == 0.0


def from_samples(samples: NDArray[np.generic], rate: int = RATE) -> Speech:
    """Sound from an array: 16-bit integers or floats within ±1, mono or channels, at ``rate`` Hz."""
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    floats: NDArray[np.float32] = np.asarray(mono, dtype=np.float32)
    if np.issubdtype(samples.dtype, np.integer):
        floats = floats / np.float32(32_768)
    if rate != RATE:
        import soxr

        floats = soxr.resample(floats, rate, RATE, quality="HQ")
    ours = np.clip(np.rint(floats * 32_767), -32_768, 32_767).astype(np.int16)
    start, end = _speech_span(ours)
    return Speech(ours, start, end)


def from_pcm(pcm: bytes, rate: int) -> Speech:
    """Sound from raw 16-bit little-endian mono at ``rate`` Hz."""
    return from_samples(np.frombuffer(pcm, dtype="<i2"), rate)


def from_file(path: Path) -> Speech:
    """Sound from a file of any rate and any number of channels: WAV, FLAC, Ogg or MP3.

    Raises AgentRunError when the file can't be read or holds no sound.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AgentRunError(f"{path}: can't be read as sound: {error}", "give a WAV file") from None
    if not len(samples):
        raise AgentRunError(f"{path}: holds no sound", "record it again")
    return from_samples(samples, rate)


def _speech_span(samples: Samples) -> tuple[float, float]:
    whole = len(samples) // _STEP * _STEP
    if not whole:
        return 0.0, 0.0
    steps = samples[:whole].astype(np.float32).reshape(-1, _STEP)
    loudness = np.sqrt(np.mean(steps * steps, axis=1))
    speech = np.flatnonzero(loudness > max(_FLOOR, float(loudness.max()) * _BELOW_LOUDEST))
    if not len(speech):
        return 0.0, 0.0
    return float(speech[0]) * _STEP / RATE, float(speech[-1] + 1) * _STEP / RATE
