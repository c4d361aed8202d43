"""One request for speech: its sound as it comes, or the reason why there is none."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import openai

from agentrun.pipeline.services import speech_events
from agentrun.pipeline.services.audible_sound import audible
from agentrun.pipeline.services.speech_sound import NoSpeechError, checked


def _transport_errors() -> tuple[type[Exception], ...]:
    """The errors of the HTTP library under OpenAI's client, which a broken stream raises bare."""
    bases = openai.DefaultAsyncHttpxClient.__mro__
    library = next(base.__module__.partition(".")[0] for base in bases if base.__name__ == "AsyncClient")
    return (importlib.import_module(library).HTTPError,)


ERRORS: tuple[type[Exception], ...] = (openai.OpenAIError, NoSpeechError, *_transport_errors())
"""What ``sound`` raises."""


async def sound(
    client: openai.AsyncOpenAI, wanted: Mapping[str, Any], chunk: int, stall: float
) -> AsyncGenerator[bytes, None]:
    """The speech that ``wanted`` describes, in pieces of some ``chunk`` bytes of 24 kHz, 16-bit mono PCM.

    Raises one of ``ERRORS``: also when nothing, or nothing but silence, comes for ``stall`` seconds, and when
    what comes is no speech.
    """
    answered = _answered(client, wanted, chunk, stall)
    async with aclosing(answered), aclosing(audible(answered, stall)) as heard:
        async for piece in heard:
            yield piece


async def _answered(
    client: openai.AsyncOpenAI, wanted: Mapping[str, Any], chunk: int, stall: float
) -> AsyncGenerator[bytes, None]:
    requested = client.audio.speech.with_streaming_response.create(**wanted)
    response = await _within(stall, requested.__aenter__())
    try:
        pieces, kind = response.iter_bytes(chunk), response.headers.get("content-type", "")
        if speech_events.are_in(kind):
            pieces, kind = speech_events.sound(pieces), ""
        piece = await _within(stall, anext(pieces, b""))
        if not piece:
            raise NoSpeechError(f"status {response.status_code}, and nothing in it")
        piece = checked(piece, kind)
        while piece:
            yield piece[: len(piece) & ~1]
            piece = await _within(stall, anext(pieces, b""))
    finally:
        await requested.__aexit__(None, None, None)


async def _within(seconds: float, work: Any) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise NoSpeechError(f"nothing came for {seconds:g} s") from None
