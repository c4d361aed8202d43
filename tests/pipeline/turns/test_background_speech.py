"""A television behind a caller ends no turn late but the first, and hides nobody who speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.audio.vad.vad_analyzer import VADParams, VADState

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.turns.background_speech import FAINT_SECONDS, SILENT_SECONDS
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE

CORPUS = Path(__file__).parents[2] / "corpus"
WINDOW = 256
STOP_SECONDS = 0.2
Sound = np.ndarray[Any, Any]


def spoken(name: str) -> Sound:
    """Speech of the corpus, without the silence around it."""
    samples = from_file(CORPUS / f"{name}.wav").samples
    loud = np.flatnonzero(np.abs(samples) > 300)
    return np.asarray(samples[loud[0] : loud[-1]], dtype=np.float64)


def loudness(sound: Sound) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(sound**2)))


def television(seconds: float, decibels: float) -> Sound:
    """Two voices at once, so that they leave no pause, so far under a caller."""
    voices = [np.resize(spoken(name), round(seconds * RATE)) for name in ("02_mens_scores", "15_hangup")]
    both = voices[0] + np.roll(voices[1], 700)
    return both * (loudness(spoken("13_ambiguous")) / loudness(both) * 10 ** (-decibels / 20))


def heard(sound: Sound) -> list[bool]:
    """Whether the caller is taken to speak, window by window."""
    detector = pipecat_private.SharedSilero(VADParams(stop_secs=STOP_SECONDS, start_secs=0.2, min_volume=0.0))
    detector.set_sample_rate(RATE)
    pcm, size = np.clip(sound, -32_768, 32_767).astype("<i2").tobytes(), WINDOW * 2
    states = [detector.judge(pcm[at : at + size])[0] for at in range(0, len(pcm) - size, size)]
    return [state in (VADState.SPEAKING, VADState.STOPPING) for state in states]


def spells(sound: Sound) -> list[tuple[float, float]]:
    """From when to when the caller is taken to speak, in seconds."""
    speaks = np.flatnonzero(np.diff([False, *heard(sound), False]))
    return [(float(a) * 0.032, float(b) * 0.032) for a, b in zip(speaks[::2], speaks[1::2], strict=True)]


def over(behind: Sound, *said: tuple[str, float]) -> Sound:
    """What is said from so many seconds on, over what is behind it."""
    sound = behind.copy()
    for name, at in said:
        voice = spoken(name)
        sound[round(at * RATE) : round(at * RATE) + len(voice)] += voice
    return sound


@pytest.mark.parametrize("decibels", [18, 22, 26])
def test_a_television_behind_a_caller_ends_their_turn_late_once(decibels: float) -> None:
    first, second = ("13_ambiguous", 1.0), ("09_interrupt_change", 15.0)
    sound = over(television(30, decibels), first, second)
    found = spells(sound)
    ends = [at + len(spoken(name)) / RATE for name, at in (first, second)]
    before = [each for each in found if each[0] < 14.0]
    assert before[0][0] < 1.5
    assert before[-1][1] < ends[0] + 2 * STOP_SECONDS + FAINT_SECONDS + 1.5
    (behind,) = [each for each in found if each[0] >= 14.0]
    assert behind[0] == pytest.approx(15.0, abs=0.5)
    assert behind[1] == pytest.approx(ends[1], abs=0.8)


@pytest.mark.parametrize("decibels", [0, 6, 9])
def test_somebody_who_speaks_on_and_on_is_heard_on_and_on(decibels: float) -> None:
    voice = television(60, 0)
    voice[10 * RATE :] *= 10 ** (-decibels / 20)
    assert sum(end - begin for begin, end in spells(voice)) > 58


def test_who_is_handed_the_telephone_and_is_quiet_is_heard_behind_a_pause() -> None:
    first, second = spoken("13_ambiguous"), television(6, 14)
    pause = np.zeros(2 * RATE)
    sound = np.concatenate([pause, first, second, pause, spoken("02_mens_scores") * 0.2, pause])
    last = (len(sound) - len(pause) - len(spoken("02_mens_scores"))) / RATE
    assert spells(sound)[-1][0] == pytest.approx(last, abs=0.6)


def test_who_is_quiet_is_heard_once_the_television_is_off() -> None:
    off = over(television(12, 18), ("13_ambiguous", 1.0))
    quiet = np.concatenate(
        [off, np.zeros(round((SILENT_SECONDS + 1) * RATE)), spoken("02_mens_scores") * 0.1]
    )
    last = len(quiet) / RATE - len(spoken("02_mens_scores")) / RATE
    assert spells(quiet)[-1][0] == pytest.approx(last, abs=1.0)
