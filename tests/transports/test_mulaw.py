from __future__ import annotations

import numpy as np
import pytest

from agentrun.transports import mulaw


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (0, 0xFF),
        (-1, 0x7F),
        (8, 0xFE),
        (-8, 0x7E),
        (1000, 0xCE),
        (-1000, 0x4E),
        (32_767, 0x80),
        (-32_768, 0x00),
    ],
)
def test_samples_become_the_codes_of_the_standard(sample: int, code: int) -> None:
    assert mulaw.encode(np.array([sample], dtype=np.int16)) == bytes([code])


@pytest.mark.parametrize(
    ("code", "sample"), [(0x00, -32_124), (0x80, 32_124), (0x7F, 0), (0xFF, 0), (0xF0, 120), (0x70, -120)]
)
def test_codes_become_the_samples_of_the_standard(code: int, sample: int) -> None:
    assert mulaw.decode(bytes([code])).tolist() == [sample]


def test_every_code_but_negative_zero_survives_a_round_trip() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)
    assert mulaw.encode(mulaw.decode(codes)) == codes


def test_the_error_of_a_sample_stays_within_a_step_of_its_segment() -> None:
    samples = np.arange(-32_635, 32_636, dtype=np.int16)
    error = np.abs(mulaw.decode(mulaw.encode(samples)).astype(int) - samples)
    assert np.all(error <= (np.abs(samples.astype(int)) + 132) / 32 + 1)
