"""What can be heard of a sound that comes in pieces, and how long silence is waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agentrun.pipeline.services.speech.audible_sound import audible, check_length
from agentrun.pipeline.services.speech.sound import NoSpeechError

WORD, SILENCE = b"\x00\x10\x00\xf0" * 1_200, bytes(4_800)
HISS, CONSTANT = b"\x14\x00\xec\xff" * 1_200, b"\x84\x03" * 2_400
"""Each of 100 ms."""


async def heard(pieces: list[bytes], longest: float = 2.0) -> list[bytes]:
    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [piece async for piece in audible(sent(), longest)]


async def test_words_are_passed_on_as_they_come() -> None:
    assert await heard([WORD, WORD]) == [WORD, WORD]


async def test_a_pause_stays_and_what_is_before_and_behind_is_short() -> None:
    assert b"".join(await heard([WORD, *[SILENCE] * 15, WORD])) == WORD + SILENCE * 15 + WORD
    assert b"".join(await heard([*[SILENCE] * 15, WORD, *[HISS] * 15])) == SILENCE * 2 + WORD + HISS * 3


@pytest.mark.parametrize("pieces", [[SILENCE] * 5, [HISS] * 5, [CONSTANT] * 5, []])
async def test_silence_alone_is_no_speech(pieces: list[bytes]) -> None:
    with pytest.raises(NoSpeechError, match="all of it silence"):
        await heard(pieces)


@pytest.mark.parametrize("before", [[], [WORD]])
async def test_silence_without_an_end_is_not_waited_for(before: list[bytes]) -> None:
    with pytest.raises(NoSpeechError, match="2 s of silence"):
        await heard([*before, *[SILENCE] * 21, WORD])


def test_the_fastest_voice_is_believed() -> None:
    check_length(letters=56, seconds=1.0)
    with pytest.raises(NoSpeechError, match=r"0\.10 s of sound for 56 letters"):
        check_length(letters=56, seconds=0.1)
