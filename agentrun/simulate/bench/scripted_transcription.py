"""Recognizes the utterances of a known script by their audio, at hardly any cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentrun.simulate.caller.script import Utterance
from agentrun.simulate.caller.sound import speech

_ALIKE = 0.5
"""Telephone sound correlates with its original at above 0.9, other speech at below 0.2."""


class ScriptedTranscription:
    """The words of that one of ``utterances`` which the sound is a part of; nothing for other sound.

    Each utterance has its ``text``.
    """

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self._known = [(_centred(each.speech.samples), each.text) for each in utterances]

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words that were said."""
        del prompt
        samples = _centred(speech.from_pcm(pcm, sample_rate).samples)
        likeness, text = max((_likeness(samples, reference), text) for reference, text in self._known)
        return text if likeness > _ALIKE else ""


def _centred(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32_768)


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest cross-correlation of two sounds, in parts of the energy of the quieter one."""
    energy = min(float(one @ one), float(other @ other))
    if not energy:
        return 0.0
    size = len(one) + len(other)
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    return float(np.fft.irfft(spectrum, size).max()) / energy
