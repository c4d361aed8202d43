"""``/v1/audio/transcriptions``, in every format that OpenAI's SDKs ask for."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import transcript_formats
from agentrun.simulate.openai.errors import break_off, key_problem, strike
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import RefusedError
from agentrun.simulate.openai.sound_files import MOST_SECONDS, read_sound
from agentrun.simulate.openai.transcript_formats import Transcript

WHOLE: dict[str, Callable[[Transcript], Response]] = {
    "json": lambda transcript: JSONResponse({"text": transcript.text}),
    "text": lambda transcript: PlainTextResponse(transcript.text + "\n"),
    "verbose_json": lambda transcript: JSONResponse(transcript_formats.verbose(transcript)),
    "srt": lambda transcript: PlainTextResponse(transcript_formats.srt(transcript)),
    "vtt": lambda transcript: PlainTextResponse(transcript_formats.vtt(transcript)),
}
WITHOUT_TIMES = ("json", "text")
"""What the models whose names begin with ``gpt-`` give; Whisper's gives all."""


def router(mock: MockState) -> APIRouter:
    """The transcription route, for one agent and for all."""
    routes = APIRouter()

    @routes.post("/v1/audio/transcriptions")
    @routes.post("/{agent}/v1/audio/transcriptions")
    async def transcriptions(request: HttpRequest, agent: str = "") -> Response:
        if refused := key_problem(request):
            return refused
        async with request.form() as form:
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            mock.requests.append(Request("transcriptions", agent, fields))
            fault = mock.conditions.strike("transcriptions")
            in_events = _in_events(fields)
            if struck := await strike(fault, request, streams=in_events):
                return struck
            name = _format(fields)
            pcm, rate = await _sound(form, fields)
        await mock.conditions.wait("transcriptions")
        empty = fault is not None and fault.kind == "empty"
        text = "" if empty else await mock.hearing.transcribe(pcm, rate, fields.get("prompt", ""))
        if in_events:
            return StreamingResponse(_stream(text, fault), media_type="text/event-stream")
        seconds = round(len(pcm) / 2 / rate, 2)
        words = "word" in form.getlist("timestamp_granularities[]")
        return WHOLE[name](Transcript(text, seconds, fields.get("language", "en"), words))

    return routes


def _in_events(fields: dict[str, str]) -> bool:
    """Whether the words are wanted as they come; Whisper's model gives them at once, whatever is asked."""
    return fields.get("stream") == "true" and not fields.get("model", "").startswith("whisper")


def _format(fields: dict[str, str]) -> str:
    """The format that is asked for. Raises RefusedError where the model has none such."""
    name, model = fields.get("response_format", "json"), fields.get("model", "")
    if name not in WHOLE:
        raise RefusedError(f"response_format: {name!r} is not one of {', '.join(WHOLE)}")
    if model.startswith("gpt-") and name not in WITHOUT_TIMES:
        raise RefusedError(f"response_format {name!r} is not compatible with {model}. Use 'json' or 'text'.")
    return name


async def _sound(form: FormData, fields: dict[str, str]) -> tuple[bytes, int]:
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise RefusedError("file is required")
    is_whisper = fields.get("model", "").startswith("whisper")
    return read_sound(await upload.read(), math.inf if is_whisper else MOST_SECONDS)


async def _stream(text: str, fault: Fault | None) -> AsyncIterator[str]:
    """``transcript.text.delta`` for each word, and ``transcript.text.done``; a cut comes after so many."""
    events: list[dict[str, Any]] = transcript_formats.events(text)
    for number, event in enumerate(events):
        await break_off(fault, number, fault.after or 1 if fault else 0)
        yield transcript_formats.as_event(event)
