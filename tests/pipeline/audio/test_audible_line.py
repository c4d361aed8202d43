"""Silence at the beginning of an answer comes to the line with what can be heard, and never later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.base_text_aggregator import TextType

from agentrun.pipeline.audio.audible_line import MOST_SILENCE_SECONDS, AudibleLine
from agentrun.testing import virtual_time

RATE = 24_000
START, END = LLMFullResponseStartFrame, LLMFullResponseEndFrame


def silence() -> TTSAudioRawFrame:
    return TTSAudioRawFrame(bytes(RATE // 5), RATE, 1)


def sound() -> TTSAudioRawFrame:
    return TTSAudioRawFrame(b"\x00\x10\x00\xf0" * (RATE // 20), RATE, 1)


def words() -> TTSTextFrame:
    return TTSTextFrame("Hello.", TextType.SENTENCE)


class Line(AudibleLine):
    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Frame] = []

    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        del direction
        self.taken.append(frame)


def taken(frames: Sequence[Frame], apart: float = 0.0) -> list[Frame]:
    """What comes to the line of ``frames``, between which so many seconds pass."""

    async def run() -> list[Frame]:
        line = Line()
        for frame in frames:
            await line.process_frame(frame, FrameDirection.DOWNSTREAM)
            await asyncio.sleep(apart)
        return line.taken

    return virtual_time.run(run())


def test_silence_that_comes_at_once_is_given_before_the_sound() -> None:
    frames = [START(), words(), silence(), silence(), sound(), silence(), END()]
    assert taken(frames) == frames


def test_silence_that_took_its_time_to_come_is_left_out() -> None:
    start, said, first, second, heard, end = START(), words(), silence(), silence(), sound(), END()
    assert taken([start, said, first, second, heard, end], 0.11) == [start, said, heard, end]


@pytest.mark.parametrize("last", [END(), InterruptionFrame()])
def test_of_silence_alone_nothing_is_given(last: Frame) -> None:
    start, following, heard = START(), START(), sound()
    frames = [start, words(), silence(), words(), last, following, heard]
    assert taken(frames) == [start, last, following, heard]


def test_of_a_long_silence_within_an_answer_the_beginning_is_given() -> None:
    quiet = [silence() for _ in range(100)]
    given = taken([START(), sound(), *quiet, sound(), silence(), END()])
    assert len(given) - 5 == pytest.approx(MOST_SILENCE_SECONDS * 10, abs=1)


def test_words_without_any_sound_are_given() -> None:
    frames = [START(), words(), END()]
    assert taken(frames) == frames
