"""One request for speech: its audio as it arrives, or the reason why there is none."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import openai

from agentrun.pipeline.services.connections.aiohttp_transport import PAUSE_READING
from agentrun.pipeline.services.speech import events as speech_events
from agentrun.pipeline.services.speech.audible_sound import audible, check_end
from agentrun.pipeline.services.speech.lead import SpeechLead
from agentrun.pipeline.services.speech.resumption import longest
from agentrun.pipeline.services.speech.sound import RATE, NoSpeechError, checked

_SAMPLE_BYTES = 2
_LARGE_BYTES = int(0.2 * RATE) * _SAMPLE_BYTES
"""A line is sent no more at once."""


def _transport_errors() -> tuple[type[Exception], ...]:
    """The errors of the HTTP library under OpenAI's client, which a broken stream raises bare."""
    bases = openai.DefaultAsyncHttpxClient.__mro__
    library = next(base.__module__.partition(".")[0] for base in bases if base.__name__ == "AsyncClient")
    return (importlib.import_module(library).HTTPError,)


ERRORS: tuple[type[Exception], ...] = (openai.OpenAIError, NoSpeechError, *_transport_errors())
"""What ``sound`` raises."""


async def sound(
    client: openai.AsyncOpenAI,
    wanted: Mapping[str, Any],
    chunk: int,
    stall: float,
    lead: SpeechLead | None = None,
) -> AsyncGenerator[bytes, None]:
    """The speech that ``wanted`` describes, in pieces of some ``chunk`` bytes of 24 kHz, 16-bit mono PCM.

    Its reading rests where it has ``lead``, and is then given what has come as larger pieces. Raises one of
    ``ERRORS``: also when nothing, or nothing but silence, comes for ``stall`` seconds, when what comes is no
    speech, and once it is longer than the words can be.
    """
    text, seconds = str(wanted.get("input", "")), 0.0
    most = longest(text)
    answered = _answered(client, wanted, chunk, stall, lead)
    async with aclosing(answered), aclosing(audible(answered, stall)) as heard:
        async for piece in heard:
            seconds += len(piece) / _SAMPLE_BYTES / RATE
            check_end(text, seconds, most)
            yield piece


async def _answered(
    client: openai.AsyncOpenAI, wanted: Mapping[str, Any], chunk: int, stall: float, lead: SpeechLead | None
) -> AsyncGenerator[bytes, None]:
    requested = client.audio.speech.with_streaming_response.create(**wanted)
    response = await _within(stall, requested.__aenter__())
    try:
        body, kind = response.iter_bytes(), response.headers.get("content-type", "")
        if speech_events.are_in(kind):
            body, kind = speech_events.sound(body), ""
        held, size = bytearray(), chunk
        more = await _within(stall, _fill(held, body, chunk))
        if not held:
            raise NoSpeechError(f"status {response.status_code}, and nothing in it")
        held[:] = checked(bytes(held), kind)
        while more or len(held) >= _SAMPLE_BYTES:
            while len(held) >= (chunk if more else _SAMPLE_BYTES):
                piece = bytes(held[: min(size, len(held) & ~1)])
                del held[: len(piece)]
                yield piece
            rested = more and lead is not None and await _rest(response, lead)
            size = max(chunk, _LARGE_BYTES) if rested else chunk
            more = await _within(stall, _fill(held, body, chunk))
    finally:
        await requested.__aexit__(None, None, None)


async def _fill(held: bytearray, body: AsyncIterator[bytes], least: int) -> bool:
    """Read until ``least`` bytes are ``held``; false where the body's end came before."""
    while len(held) < least:
        data = await anext(body, b"")
        if not data:
            return False
        held += data
    return True


async def _rest(response: Any, lead: SpeechLead) -> bool:
    """Let what comes wait in the kernel while ``lead`` allows it: each piece that is read has its price.

    False where it does not, or where what has come is not read at once then, as over httpx's connections.
    """
    pause, seconds = response.http_response.extensions.get(PAUSE_READING), lead.rest()
    if not pause or not seconds:
        return False
    pause()
    await asyncio.sleep(seconds)
    return True


async def _within(seconds: float, work: Any) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise NoSpeechError(f"nothing came for {seconds:g} s") from None
