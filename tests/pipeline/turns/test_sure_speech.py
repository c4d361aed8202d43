"""A voice that surely is one begins a turn early; what may be a cough does so no more often than before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pipecat.audio.vad.vad_analyzer import VADParams, VADState

from agentrun.pipeline import pipecat_private
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE

CORPUS = Path(__file__).parents[2] / "corpus"
WINDOW = 256
NOISE = 58.0
"""-55 dB of full scale, as a telephone line has."""


async def begins(sound: np.ndarray[Any, Any], *, early: bool) -> int | None:
    """The window in which a turn begins, or None."""
    detector = pipecat_private.SharedSilero(VADParams(start_secs=0.2, min_volume=0.0), early_start=early)
    detector.set_sample_rate(RATE)
    pcm = sound.clip(-32_000, 32_000).astype("<i2").tobytes()
    try:
        for at in range(len(pcm) // (WINDOW * 2)):
            window = pcm[at * WINDOW * 2 : (at + 1) * WINDOW * 2]
            if await detector.analyze_audio(window) is VADState.SPEAKING:
                return at
        return None
    finally:
        await detector.cleanup()  # type: ignore[no-untyped-call]


def cough(random: np.random.Generator, seconds: float) -> np.ndarray[Any, Any]:
    """A burst of noise with a voiced end, in a second of a line's noise on either side."""
    size = int(RATE * seconds)
    times = np.arange(size) / RATE
    fading = np.minimum(1, np.arange(size) / 80) * np.exp(-np.arange(size) / (size / random.uniform(2, 4)))
    spectrum = np.fft.rfft(random.normal(0, 1, size))
    pitches = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(pitches < random.uniform(150, 600)) | (pitches > random.uniform(1200, 3400))] = 0
    burst = np.fft.irfft(spectrum, size)
    burst /= np.abs(burst).max()
    base = random.uniform(120, 260)
    voiced = sum(np.sin(2 * np.pi * base * at * times) / at for at in range(1, 8)) * (times > seconds * 0.4)
    sound = random.uniform(1500, 9000) * fading * (burst + 0.4 * voiced)
    line = random.normal(0, NOISE, size + 2 * RATE)
    line[RATE : RATE + size] += sound
    return line


async def test_recorded_questions_begin_earlier_and_never_later() -> None:
    random = np.random.default_rng(3)
    gains = []
    for path in sorted(CORPUS.glob("*.wav")):
        speech = from_file(path).samples.astype(float)
        line = random.normal(0, NOISE, RATE + speech.size)
        line[RATE:] += speech
        doubtful, sure = await begins(line, early=False), await begins(line, early=True)
        assert doubtful is not None
        assert sure is not None
        gains.append(doubtful - sure)
    assert min(gains) >= 0
    assert np.median(gains) >= 1


async def test_coughs_begin_no_more_turns() -> None:
    random = np.random.default_rng(5)
    coughs = [cough(random, seconds) for seconds in (0.12, 0.2, 0.3, 0.4) for _ in range(8)]
    before = [await begins(sound, early=False) is not None for sound in coughs]
    early = [await begins(sound, early=True) is not None for sound in coughs]
    assert early == before
    assert any(before)
    assert not all(before)
