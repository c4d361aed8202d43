"""A line on which nobody speaks costs no judgements, and its voices are heard as before."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.audio.vad.vad_analyzer import VADParams, VADState

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.turns.background_noise import (
    LEAD_IN_WINDOWS,
    MOST_ENERGY,
    SURE_WINDOWS,
    BackgroundNoise,
)
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE

CORPUS = Path(__file__).parents[2] / "corpus"
WINDOW = 256
LOUD = b"\x00\x10\x00\xf0" * (WINDOW // 2)


class Asked(pipecat_private.SharedSilero):
    """Counts what the model is asked."""

    def __init__(self, min_volume: float = 0.0) -> None:
        super().__init__(VADParams(min_volume=min_volume))
        self.set_sample_rate(RATE)
        self.asked = 0
        inner: Any = self._model

        def model(*args: Any) -> Any:
            self.asked += 1
            return inner(*args)

        counting: Any = model
        counting.reset_states = inner.reset_states
        self._model = counting


class EachWindow(Asked):
    """Judges every window, as Pipecat does."""

    def voice_confidence(self, buffer: Any) -> Any:
        return self._judged(buffer)


async def states(detector: Asked, sound: np.ndarray[Any, Any]) -> list[VADState]:
    """The detector's state after each window."""
    pcm, size = sound.astype("<i2").tobytes(), WINDOW * 2
    heard = [await detector.analyze_audio(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]
    await detector.cleanup()  # type: ignore[no-untyped-call]
    return heard


def changes(heard: list[VADState], to: VADState) -> list[int]:
    """The windows in which the detector came to ``to``, from the other sure state."""
    sure = [(at, state) for at, state in enumerate(heard) if state in (VADState.SPEAKING, VADState.QUIET)]
    return [at for (_, before), (at, state) in pairwise(sure) if before != state == to]


def conversation(decibels: float | None, gain: float, constant: int = 0) -> np.ndarray[Any, Any]:
    """Four questions with 4 s of the line before each and after the last, times ``gain``, over noise.

    All of it is ``constant`` samples from zero.
    """
    pause = np.zeros(4 * RATE)
    files = ("02_mens_scores", "09_interrupt_change", "13_ambiguous", "15_hangup")
    spoken = [part for name in files for part in (pause, from_file(CORPUS / f"{name}.wav").samples * gain)]
    sound = np.concatenate([*spoken, pause])
    if decibels is not None:
        random = np.random.default_rng(3)
        sound = sound + random.normal(0.0, 32_768 * 10 ** (decibels / 20), len(sound))
    clipped: np.ndarray[Any, Any] = np.clip(sound + constant, -32_768, 32_767)
    return clipped


@pytest.mark.parametrize(("gain", "constant"), [(1.0, 0), (0.2, 0), (0.05, 300)])
@pytest.mark.parametrize("decibels", [None, -55.0])
async def test_speech_begins_and_ends_where_it_does_when_each_window_is_judged(
    decibels: float | None, gain: float, constant: int
) -> None:
    sound = conversation(decibels, gain, constant)
    each, ours = EachWindow(), Asked()
    expected, heard = await states(each, sound), await states(ours, sound)
    for to in (VADState.SPEAKING, VADState.QUIET):
        before, now = changes(expected, to), changes(heard, to)
        assert len(before) == len(now) >= 4
        assert all(abs(one - other) <= 2 for one, other in zip(before, now, strict=True))
    assert ours.asked < 0.75 * each.asked


async def test_a_quiet_line_is_judged_for_a_second_and_no_more() -> None:
    detector = Asked()
    noise = np.random.default_rng(5).normal(0, 58, WINDOW * 200)
    assert set(await states(detector, noise)) == {VADState.QUIET}
    assert detector.asked < 2 * SURE_WINDOWS


def test_what_came_before_a_louder_sound_is_given_once_and_judged_before_it() -> None:
    noise, quiet = BackgroundNoise(), bytes(WINDOW * 2)
    for _ in range(SURE_WINDOWS):
        assert not noise.covers(quiet)
        noise.judged(0.0)
    assert all(noise.covers(quiet) for _ in range(LEAD_IN_WINDOWS * 2))
    assert not noise.covers(LOUD)
    assert noise.lead_in() == [quiet] * LEAD_IN_WINDOWS
    assert noise.lead_in() == []


def test_after_a_louder_sound_each_window_is_judged_for_a_second() -> None:
    noise, quiet = BackgroundNoise(), b"\x10\x00" * WINDOW
    for window in (*[quiet] * SURE_WINDOWS, LOUD):
        assert not noise.covers(window)
        noise.judged(0.0)
    for _ in range(SURE_WINDOWS - 1):
        assert not noise.covers(quiet)
        noise.judged(0.0)
    assert noise.covers(quiet)


def test_a_voice_makes_the_noise_unsure() -> None:
    noise, quiet = BackgroundNoise(), b"\x10\x00" * WINDOW
    for confidence in (*[0.0] * (SURE_WINDOWS - 1), 0.4):
        assert not noise.covers(quiet)
        noise.judged(confidence)
    assert not noise.covers(quiet)


def test_in_a_loud_room_each_window_is_judged() -> None:
    noise = BackgroundNoise()
    loud = (np.tile([1.1, -1.1], WINDOW // 2) * MOST_ENERGY**0.5).astype("<i2").tobytes()
    for _ in range(SURE_WINDOWS * 3):
        assert not noise.covers(loud)
        noise.judged(0.0)


@pytest.mark.parametrize(("min_volume", "measured"), [(0.0, False), (0.6, True)])
async def test_loudness_is_measured_where_it_counts(min_volume: float, measured: bool) -> None:
    detector = Asked(min_volume)
    await states(detector, conversation(None, 1.0)[: RATE * 6])
    assert bool(detector._prev_volume) is measured
