"""How much of a caller's sound is sent at once: joined where nobody waits for it, else as it comes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pytest

from agentrun.pipeline.audio.caller_pieces import CallerPieces
from agentrun.transports import mulaw

FRAME = mulaw.FRAME_BYTES


def noise(decibels: float, seconds: float, seed: int = 1) -> bytes:
    """White noise of so many dB below full scale."""
    random = np.random.default_rng(seed)
    samples = random.normal(0.0, 32_768 * 10 ** (decibels / 20), round(seconds * mulaw.RATE))
    return mulaw.encode(np.clip(samples, -32_768, 32_767).astype(np.int16))


def cut(sound: bytes) -> list[bytes]:
    return [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]


class Model:
    """Whether it hears the caller."""

    hears = False

    def __call__(self) -> bool:
        return self.hears


def sent(pieces: CallerPieces, sound: Iterable[bytes]) -> list[int]:
    """How many frames of 20 ms go on whenever some do."""
    return [len(whole) // FRAME for each in sound if (whole := pieces.take(each))]


@pytest.mark.parametrize("line", [-90.0, -70.0, -55.0, -45.0])
def test_a_quiet_line_goes_on_by_100_ms(line: float) -> None:
    pieces = CallerPieces(Model())
    counts = sent(pieces, cut(noise(line, 20.0)))
    assert counts[-100:] == [5] * 100


@pytest.mark.parametrize("line", [-90.0, -55.0, -45.0])
@pytest.mark.parametrize("above", [12.0, 30.0])
def test_a_voice_that_begins_goes_on_with_all_that_waits_at_once(line: float, above: float) -> None:
    for waiting in range(5):
        pieces = CallerPieces(Model())
        before = cut(noise(line, 20.0))
        while len(pieces._waiting) != waiting * FRAME or len(before) > 10:
            pieces.take(before.pop())
        onset = cut(noise(max(line + above, -45.0), 0.2, seed=2))
        assert sent(pieces, onset) == [waiting + 1] + [1] * 9


def test_until_the_model_says_that_it_hears_and_in_each_pause_of_a_turn_nothing_is_joined() -> None:
    model = Model()
    pieces = CallerPieces(model)
    sent(pieces, cut(noise(-55.0, 4.0)))
    voice, pause = cut(noise(-25.0, 0.3)), cut(noise(-55.0, 2.0))
    assert sent(pieces, voice)[1:] == [1] * 14
    model.hears = True
    assert sent(pieces, voice) == [3] * 5
    assert sent(pieces, voice[:2]) == []
    assert sent(pieces, pause) == [3] + [1] * 99
    model.hears = False
    assert sent(pieces, pause) == [5] * 20


def test_a_pause_within_words_is_not_taken_for_silence() -> None:
    pieces = CallerPieces(Model())
    word, gap = cut(noise(-25.0, 0.2)), cut(noise(-55.0, 0.28))
    for _ in range(3):
        assert set(sent(pieces, word + gap)) == {1}


def test_a_line_that_becomes_louder_for_good_is_quiet_again_after_a_while() -> None:
    pieces = CallerPieces(Model())
    sent(pieces, cut(noise(-60.0, 5.0)))
    assert set(sent(pieces, cut(noise(-40.0, 1.0))[5:])) == {1}
    sent(pieces, cut(noise(-40.0, 20.0)))
    assert set(sent(pieces, cut(noise(-40.0, 1.0)))) == {5}


def test_every_sample_goes_on_once_and_in_order() -> None:
    model = Model()
    pieces = CallerPieces(model)
    sound = noise(-55.0, 2.0) + noise(-20.0, 1.0) + noise(-55.0, 1.0) + noise(-30.0, 0.5)
    gone = bytearray()
    for number, each in enumerate(cut(sound)):
        model.hears = number % 40 > 20
        gone += pieces.take(each, at_once=number % 50 > 45)
    gone += pieces.take(b"\xff" * FRAME, at_once=True)
    assert bytes(gone) == sound + b"\xff" * FRAME


def test_messages_of_another_length_are_joined_by_the_same_time() -> None:
    pieces = CallerPieces(Model())
    sound = itertools.repeat(bytes([mulaw.SILENCE]) * 240, 40)
    lengths = [len(whole) for each in sound if (whole := pieces.take(each))]
    assert lengths[-4:] == [960] * 4
