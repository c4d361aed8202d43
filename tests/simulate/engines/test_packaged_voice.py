"""The packaged voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import numpy as np
import pytest

from agentrun.simulate.engines.engines import VOICE_RATE, Engines


async def spoken(engines: Engines, text: str, speed: float = 1.0) -> bytes:
    return b"".join([piece async for piece in engines.voice.speak(text, "alloy", speed)])


async def test_what_is_spoken_can_be_understood(engines: Engines) -> None:
    pcm = await spoken(engines, "Duke won their game against North Carolina.")
    assert "North Carolina" in await engines.hearing.transcribe(pcm, VOICE_RATE, "")


async def test_it_is_loud_enough_and_not_clipped(engines: Engines) -> None:
    loudness = np.abs(np.frombuffer(await spoken(engines, "Hello, how can I help you?"), "<i2").astype(int))
    assert 3_000 < loudness.max() < 32_767


async def test_pieces_are_small_whole_samples(engines: Engines) -> None:
    sizes = [len(piece) async for piece in engines.voice.speak("One. Two.", "alloy", 1.0)]
    assert max(sizes) == VOICE_RATE // 10 * 2
    assert all(size % 2 == 0 for size in sizes)


async def test_faster_speech_is_shorter(engines: Engines) -> None:
    text = "What are the scores of the tournament tonight?"
    assert len(await spoken(engines, text, 1.5)) < 0.8 * len(await spoken(engines, text))


@pytest.mark.parametrize("text", ["", "  ", "😀"])
async def test_what_has_no_sound_is_not_spoken(engines: Engines, text: str) -> None:
    assert await spoken(engines, text) == b""


async def test_two_texts_at_once_do_not_mix(engines: Engines) -> None:
    alone = [await spoken(engines, text) for text in ("First words.", "Something else, much longer.")]
    together = await asyncio.gather(
        spoken(engines, "First words."), spoken(engines, "Something else, much longer.")
    )
    assert [len(pcm) for pcm in together] == [len(pcm) for pcm in alone]


async def test_a_listener_who_leaves_in_mid_sentence_leaves_the_voice_to_the_next(engines: Engines) -> None:
    long = "This is a long sentence that nobody will hear to its end. " * 20
    speech = cast(AsyncGenerator[bytes, None], engines.voice.speak(long, "alloy", 1.0))
    assert await anext(speech)
    await speech.aclose()
    assert await spoken(engines, "Hello.")
