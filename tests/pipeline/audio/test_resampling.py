"""Sound at another rate: nothing held back, nothing lost, nothing mirrored into the telephone's band."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agentrun.pipeline.audio.resampling import PromptResampler

RATES = [
    (8_000, 24_000),
    (24_000, 8_000),
    (8_000, 16_000),
    (16_000, 24_000),
    (24_000, 16_000),
    (44_100, 8_000),
]
LOUD = 16_000
Samples = npt.NDArray[np.int16]


def tone(hertz: float, rate: int, seconds: float = 2.0) -> Samples:
    time = np.arange(int(rate * seconds)) / rate
    return (np.sin(2 * np.pi * hertz * time) * LOUD).astype(np.int16)


async def resampled(samples: Samples, rates: tuple[int, int], piece: int) -> Samples:
    resampler, found = PromptResampler(), b""
    for start in range(0, len(samples), piece):
        found += await resampler.resample(samples[start : start + piece].tobytes(), *rates)
    return np.frombuffer(found + await resampler.flush(), np.int16)


def decibels(samples: Samples, rate: int, hertz: float | None) -> float:
    """The level at ``hertz``, or of all else than it when it is negative, against a tone that is LOUD."""
    steady = samples[len(samples) // 2 :].astype(float)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    places = np.fft.rfftfreq(len(steady), 1 / rate)
    near = np.abs(places - abs(hertz)) < 30 if hertz else np.zeros(len(places), bool)
    chosen = spectrum[~near] if hertz is None or hertz < 0 else spectrum[near]
    full = LOUD * np.sqrt(1.5) * len(steady) / 4
    return float(20 * np.log10(np.sqrt((chosen**2).sum()) / full + 1e-9))


@pytest.mark.parametrize("rates", RATES)
async def test_no_more_than_two_and_a_half_milliseconds_are_held_back(rates: tuple[int, int]) -> None:
    rate, wanted = rates
    resampler, samples, piece = PromptResampler(), tone(300, rate), rate // 50
    given = got = 0
    for start in range(0, len(samples), piece):
        got += len(await resampler.resample(samples[start : start + piece].tobytes(), *rates)) // 2
        given += piece
        assert given / rate - got / wanted <= 0.0025
    got += len(await resampler.flush()) // 2
    assert got == pytest.approx(len(samples) * wanted / rate, abs=wanted // 1000)


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("hertz", [300, 1_000, 3_000, 3_400])
async def test_the_band_of_a_telephone_is_kept(rates: tuple[int, int], hertz: float) -> None:
    found = await resampled(tone(hertz, rates[0]), rates, rates[0] // 50)
    assert decibels(found, rates[1], hertz) == pytest.approx(0, abs=0.5)
    assert decibels(found, rates[1], -hertz) < -50


@pytest.mark.parametrize("rate", [16_000, 24_000])
@pytest.mark.parametrize("hertz", [4_600, 5_000, 6_000])
async def test_what_a_telephone_does_not_carry_is_not_mirrored(rate: int, hertz: float) -> None:
    found = await resampled(tone(hertz, rate), (rate, 8_000), rate // 50)
    assert decibels(found, 8_000, None) < -80


@pytest.mark.parametrize("piece", [7, 160, 480, 24_000])
@pytest.mark.parametrize("rates", [(24_000, 8_000), (8_000, 24_000), (24_000, 16_000), (22_050, 8_000)])
async def test_pieces_of_any_length_give_the_same_sound(piece: int, rates: tuple[int, int]) -> None:
    samples = tone(700, rates[0], 0.5)
    whole = await resampled(samples, rates, len(samples))
    assert np.array_equal(await resampled(samples, rates, piece), whole)


async def test_what_is_too_loud_is_clipped_and_never_wraps() -> None:
    samples = np.where(np.arange(8_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    found = (await resampled(samples, (8_000, 24_000), 160)).astype(int)
    assert found.max() == 32_767
    assert found.min() == -32_768
    assert np.abs(np.diff(found)).max() < 32_767


async def test_a_stream_begins_anew_after_a_flush_a_reset_and_at_another_rate() -> None:
    resampler, sound = PromptResampler(), tone(700, 8_000, 0.1).tobytes()
    first = await resampler.resample(sound, 8_000, 24_000)
    await resampler.flush()
    assert await resampler.resample(sound, 8_000, 24_000) == first
    await resampler.reset()
    assert await resampler.resample(sound, 8_000, 24_000) == first
    assert await resampler.flush()
    assert not await resampler.flush()
    assert await resampler.resample(sound, 8_000, 8_000) == sound
    assert len(await resampler.resample(sound, 8_000, 16_000)) > len(sound)
