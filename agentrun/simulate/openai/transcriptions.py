"""``/v1/audio/transcriptions`` and ``translations``, in every format that OpenAI's SDKs request."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import transcript_formats
from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import break_off, key_problem, strike
from agentrun.simulate.openai.known_names import require_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import RefusedError
from agentrun.simulate.openai.sound_files import MOST_SECONDS, read_sound
from agentrun.simulate.openai.transcript_formats import Task, Transcript

WHOLE: dict[str, Callable[[Transcript], Response]] = {
    "json": lambda transcript: JSONResponse({"text": transcript.text}),
    "text": lambda transcript: PlainTextResponse(transcript.text + "\n"),
    "verbose_json": lambda transcript: JSONResponse(transcript_formats.verbose(transcript)),
    "srt": lambda transcript: PlainTextResponse(transcript_formats.srt(transcript)),
    "vtt": lambda transcript: PlainTextResponse(transcript_formats.vtt(transcript)),
    "diarized_json": lambda transcript: JSONResponse(transcript_formats.diarized(transcript)),
}
WITHOUT_TIMES = ("json", "text")
"""What the models whose names begin with ``gpt-`` give."""
ROUTES: dict[Task, str] = {"transcribe": "transcriptions", "translate": "translations"}
SPEAKERS = "-diarize"
"""How the name of a model ends that tells speakers, and has ``diarized_json`` too."""
SINGLE_BLOCK_SECONDS = 30.0
"""What the model that tells speakers takes without ``chunking_strategy``."""


def routes(mock: MockState) -> list[Route]:
    """Both routes, for one agent and for all; they have the faults and the latency of transcriptions."""

    async def transcriptions(request: HttpRequest, agent: str) -> Response:
        return await _heard(mock, request, agent, "transcribe")

    async def translations(request: HttpRequest, agent: str) -> Response:
        return await _heard(mock, request, agent, "translate")

    return [
        *route("POST", "/v1/audio/transcriptions", transcriptions),
        *route("POST", "/v1/audio/translations", translations),
    ]


async def _heard(mock: MockState, request: HttpRequest, agent: str, task: Task) -> Response:
    """The words of a form's sound; nothing is translated here, whatever the ``task``."""
    if refused := key_problem(request):
        return refused
    async with request.form() as form:
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
        mock.requests.append(Request(ROUTES[task], agent, fields))
        fault = mock.conditions.strike("transcriptions")
        in_events = _in_events(fields)
        if struck := await strike(fault, request, streams=in_events):
            return struck
        require_model(fields.get("model"))
        name = _format(fields, task)
        pcm, rate = await _sound(form, fields)
    seconds, words = round(len(pcm) / 2 / rate, 2), "word" in form.getlist("timestamp_granularities[]")
    _require_chunks(fields, seconds)
    await mock.conditions.wait("transcriptions")
    empty = fault is not None and fault.kind == "empty"
    text = "" if empty else await mock.hearing.transcribe(pcm, rate, fields.get("prompt", ""))
    language = "en" if task == "translate" else fields.get("language", "en")
    speaker = fields.get("known_speaker_names[]", "A")
    transcript = Transcript(text, seconds, language, words, task, speaker)
    if in_events:
        events = transcript_formats.events(transcript, is_diarized=name == "diarized_json")
        return StreamingResponse(_stream(events, fault), media_type="text/event-stream")
    return WHOLE[name](transcript)


def _in_events(fields: dict[str, str]) -> bool:
    """Whether the words are wanted as they come; Whisper's model gives them at once, whatever is asked."""
    return fields.get("stream") == "true" and not fields.get("model", "").startswith("whisper")


def _format(fields: dict[str, str], task: Task) -> str:
    """The format that is asked for. Raises RefusedError where the model has none such, or can't translate."""
    name, model = fields.get("response_format", "json"), fields.get("model", "")
    if task == "translate" and not model.startswith("whisper"):
        raise RefusedError(f"model: {model!r} can't translate; whisper-1 does", param="model")
    if name not in WHOLE:
        words = f"response_format: {name!r} is not one of {', '.join(WHOLE)}"
        raise RefusedError(words, param="response_format")
    words = f"response_format {name!r} is not compatible with {model}."
    if name == "diarized_json":
        if not model.endswith(SPEAKERS):
            raise RefusedError(words, param="response_format", code="unsupported_value")
    elif model.startswith("gpt-") and name not in WITHOUT_TIMES:
        words += " Use 'json' or 'text'."
        raise RefusedError(words, param="response_format", code="unsupported_value")
    return name


def _require_chunks(fields: dict[str, str], seconds: float) -> None:
    """Raise RefusedError for a long sound that is to be told by speakers, and not in what pieces."""
    in_pieces = "chunking_strategy" in fields or not fields.get("model", "").endswith(SPEAKERS)
    if not in_pieces and seconds > SINGLE_BLOCK_SECONDS:
        words = f"chunking_strategy is required for audio longer than {SINGLE_BLOCK_SECONDS:g} seconds"
        words += f" with {fields['model']}; 'auto' leaves it to the server"
        raise RefusedError(words, param="chunking_strategy")


async def _sound(form: FormData, fields: dict[str, str]) -> tuple[bytes, int]:
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise RefusedError("file is required", param="file", code="missing_required_parameter")
    is_whisper = fields.get("model", "").startswith("whisper")
    # minutes of sound take a second to decode, and whole conversations may wait for their next word
    most_seconds = math.inf if is_whisper else MOST_SECONDS
    return await asyncio.to_thread(read_sound, await upload.read(), most_seconds)


async def _stream(events: Sequence[dict[str, Any]], fault: Fault | None) -> AsyncIterator[str]:
    """The events of a transcript; a cut comes after so many."""
    for number, event in enumerate(events):
        await break_off(fault, number, fault.after or 1 if fault else 0)
        yield transcript_formats.as_event(event)
