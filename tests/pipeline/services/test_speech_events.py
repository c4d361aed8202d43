"""Speech in a stream of events is heard as sound is, however the stream comes in pieces."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx2
import numpy as np
import pytest
from openai import AsyncOpenAI

from agentrun.http.bounded_answers import MOST_EVENT_BYTES
from agentrun.pipeline.services.speech import events as speech_events
from agentrun.pipeline.services.speech import request as speech_request
from agentrun.pipeline.services.speech.audible_sound import EndlessError
from agentrun.pipeline.services.speech.sound import NoSpeechError

SPEECH = (np.sin(np.arange(4_800) * 0.1) * 9_000).astype("<i2").tobytes()


def event(**data: str) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def spoken(pcm: bytes, piece: int) -> bytes:
    """``pcm`` in events of ``piece`` bytes, and the end."""
    parts = [pcm[start : start + piece] for start in range(0, len(pcm), piece)]
    sound = (event(type="speech.audio.delta", audio=base64.b64encode(part).decode()) for part in parts)
    return b": a comment\n\n" + b"".join(sound) + event(type="speech.audio.done")


async def heard(body: bytes, size: int = 1_000) -> bytes:
    """The sound of an answer with ``body``, which comes in pieces of ``size`` bytes."""

    async def sent() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=sent())

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as web:
        client = AsyncOpenAI(api_key="test", http_client=cast(Any, web), base_url="http://127.0.0.1/v1")
        wanted = {"model": "m", "voice": "v", "input": "We are open."}
        return b"".join([piece async for piece in speech_request.sound(client, wanted, 4_800, 5.0)])


@pytest.mark.parametrize("piece", [999, 1_000, 9_600])
@pytest.mark.parametrize("size", [1, 333, 100_000])
async def test_the_sound_in_events_is_heard(piece: int, size: int) -> None:
    assert await heard(spoken(SPEECH, piece), size) == SPEECH


@pytest.mark.parametrize("piece", [999, 100_000])
async def test_a_last_event_is_heard_without_a_line_s_end(piece: int) -> None:
    body = spoken(SPEECH, piece).removesuffix(event(type="speech.audio.done")).rstrip(b"\n")
    assert await heard(body) == SPEECH


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (event(type="error", message="no voice of that name"), "without sound: no voice of that name"),
        (event(type="speech.audio.delta", audio="no base64!"), "can't be read"),
        (event(type="speech.audio.delta"), "can't be read"),
        (event(type="speech.audio.done"), "nothing in it"),
        (b"data: [DONE]\n\ndata: {\n\n", "nothing in it"),
        (spoken(b'{"error": "what is text and no sound at all"}', 100), "text instead of sound"),
    ],
)
async def test_events_without_sound_say_why(body: bytes, why: str) -> None:
    with pytest.raises(NoSpeechError, match=why):
        await heard(body)


async def test_sound_without_an_end_is_read_no_further_than_any_voice_needs_for_the_words() -> None:
    with pytest.raises(EndlessError, match="and no end"):
        await heard(spoken(SPEECH * 200, 48_000), 100_000)


async def test_an_event_without_an_end_is_read_no_further_than_its_bound() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100_000
            yield b"a" * 100_000

    with pytest.raises(NoSpeechError, match="an event of more than"):
        async for _ in speech_events.sound(endless()):
            pass
    assert read < 2 * MOST_EVENT_BYTES
