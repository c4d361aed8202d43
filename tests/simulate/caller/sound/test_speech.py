from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from agentrun.errors import AgentRunError
from agentrun.simulate.caller.sound import speech as sounds
from tests.simulate.caller.agent import silence, tone


def test_speech_ends_where_the_sound_does_and_not_where_the_file_does() -> None:
    speech = sounds.from_samples(np.concatenate([silence(0.3), tone(0.5), silence(0.9)]))
    assert (speech.start, speech.end, speech.seconds) == pytest.approx((0.3, 0.8, 1.7), abs=0.011)


def test_a_weak_last_consonant_belongs_to_the_speech() -> None:
    speech = sounds.from_samples(np.concatenate([tone(0.5), tone(0.1, volume=0.01), silence(0.5)]))
    assert speech.end == pytest.approx(0.6, abs=0.011)


def test_faint_noise_after_the_words_is_not_speech() -> None:
    noise = np.random.default_rng(1).normal(0, 30, 4000).astype(np.int16)
    assert sounds.from_samples(np.concatenate([tone(0.5), noise])).end == pytest.approx(0.5, abs=0.011)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_stereo_file_of_any_rate_comes_out_mono_at_8_khz(tmp_path: Path, rate: int) -> None:
    time = np.arange(rate // 2) / rate
    left = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "a.wav", np.column_stack([left, left]), rate)
    speech = sounds.from_file(tmp_path / "a.wav")
    spectrum = np.abs(np.fft.rfft(speech.samples.astype(float)))
    assert len(speech.samples) == pytest.approx(4_000, abs=2)
    assert np.argmax(spectrum) * 8_000 / len(speech.samples) == pytest.approx(440, abs=3)
    assert np.abs(speech.samples).max() == pytest.approx(16_384, rel=0.03)


def test_silence_has_no_speech() -> None:
    speech = sounds.from_samples(silence(1.0))
    assert speech.silent
    assert (speech.start, speech.end) == (0.0, 0.0)


@pytest.mark.parametrize("content", [b"", b"\x00\xff not a sound", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_that_is_no_sound_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AgentRunError, match=r"a\.wav"):
        sounds.from_file(tmp_path / "a.wav")


def test_a_file_without_samples_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 8_000)
    with pytest.raises(AgentRunError, match="holds no sound"):
        sounds.from_file(tmp_path / "a.wav")


def test_raw_pcm_at_24_khz_keeps_its_length() -> None:
    pcm = np.ones(24_000, dtype="<i2").tobytes()
    assert sounds.from_pcm(pcm, 24_000).seconds == pytest.approx(1.0, abs=0.001)
