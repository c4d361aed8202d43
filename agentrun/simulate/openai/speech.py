"""``/v1/audio/speech``, in every format that OpenAI's SDKs request."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agentrun.simulate.engines.engines import VOICE_RATE
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import break_off, key_problem, strike
from agentrun.simulate.openai.known_names import require_model, wrong_voice
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import RefusedError, read_json
from agentrun.simulate.openai.sound_encoding import Encoder, encoder

MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "opus": "audio/opus",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}
WITHOUT_EVENTS = ("tts-1", "tts-1-hd")
"""Models that give sound alone; https://platform.openai.com/docs/api-reference/audio/createSpeech"""
SPEEDS = (0.25, 4.0)
MOST_CHARACTERS = 4096
"""Of one request; https://platform.openai.com/docs/api-reference/audio/createSpeech"""


def routes(mock: MockState) -> list[Route]:
    """The speech route, for one agent and for all."""

    async def speech(request: HttpRequest, agent: str) -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("speech", agent, body))
        fault = mock.conditions.strike("speech")
        if struck := await strike(fault, request, streams=True, malformed=b"ID3" + bytes(4000)):
            return struck
        sound_format, speed, in_events = _wishes(body)
        encode = encoder(sound_format)
        await mock.conditions.wait("speech")
        sound = _broken(_encoded(mock, body, speed, encode), fault)
        if in_events:
            return StreamingResponse(_events(sound, str(body["input"])), media_type="text/event-stream")
        return StreamingResponse(sound, media_type=MEDIA_TYPES[sound_format])

    return route("POST", "/v1/audio/speech", speech)


def _wishes(body: dict[str, Any]) -> tuple[str, float, bool]:
    """The format, the speed, and whether events are wanted. Raises RefusedError for what there is not."""
    require_model(body.get("model"))
    if words := wrong_voice(body.get("voice")):
        raise RefusedError(words, param="voice")
    if not isinstance(body.get("input"), str) or not body["input"]:
        raise RefusedError("input is required", param="input", code="missing_required_parameter")
    if len(body["input"]) > MOST_CHARACTERS:
        words = f"input: {len(body['input'])} characters are more than {MOST_CHARACTERS}"
        raise RefusedError(words, param="input", code="string_above_max_length")
    sound_format = body.get("response_format") or "mp3"
    if not isinstance(sound_format, str) or sound_format not in MEDIA_TYPES:
        words = f"response_format: {sound_format!r} is not one of {', '.join(MEDIA_TYPES)}"
        raise RefusedError(words, param="response_format")
    speed = 1.0 if body.get("speed") is None else body["speed"]
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not SPEEDS[0] <= speed <= SPEEDS[1]:
        words = f"speed: {speed!r} is not a number from {SPEEDS[0]:g} to {SPEEDS[1]:g}"
        raise RefusedError(words, param="speed")
    stream_format = body.get("stream_format") or "audio"
    if stream_format not in ("audio", "sse"):
        raise RefusedError(
            f"stream_format: {stream_format!r} is not one of audio, sse", param="stream_format"
        )
    if stream_format == "sse" and body.get("model") in WITHOUT_EVENTS:
        words = f"stream_format: 'sse' is not supported for {body['model']}"
        raise RefusedError(words, param="stream_format")
    return sound_format, float(speed), stream_format == "sse"


async def _encoded(
    mock: MockState, body: dict[str, Any], speed: float, encode: Encoder
) -> AsyncIterator[bytes]:
    async for pcm in mock.voice.speak(body["input"], str(body.get("voice")), speed):
        if piece := encode.add(pcm):
            yield piece
    if rest := encode.end():
        yield rest


async def _broken(pieces: AsyncIterator[bytes], fault: Fault | None) -> AsyncIterator[bytes]:
    """``pieces``, but for a fault; a cut breaks the connection off after ``fault.after`` bytes."""
    sent = 0
    async for piece in pieces:
        if fault and fault.kind == "empty":
            return
        await break_off(fault, sent, fault.after if fault else 0)
        await asyncio.sleep(fault.pause if fault else 0.0)
        yield piece
        sent += len(piece)
    await break_off(fault, sent, 0)


async def _events(pieces: AsyncIterator[bytes], text: str) -> AsyncIterator[str]:
    """``speech.audio.delta`` for each piece, and ``speech.audio.done`` with tokens at its end.

    Tokens are estimated: four characters each, and 20 for a second of sound, as if it were not encoded.
    """
    size = 0
    async for piece in pieces:
        size += len(piece)
        yield _event("speech.audio.delta", audio=base64.b64encode(piece).decode())
    spoken, written = size * 20 // (2 * VOICE_RATE) + 1, len(text) // 4 + 1
    usage = {"input_tokens": written, "output_tokens": spoken, "total_tokens": written + spoken}
    yield _event("speech.audio.done", usage=usage)


def _event(kind: str, **fields: Any) -> str:
    return f"data: {json.dumps({'type': kind, **fields})}\n\n"
