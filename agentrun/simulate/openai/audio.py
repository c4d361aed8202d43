"""``/v1/audio/transcriptions`` and ``/v1/audio/speech``."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import soundfile
from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.errors import error, key_problem, strike
from agentrun.simulate.openai.mind import Mind, Request


class CutShortError(Exception):
    """Raised in the middle of an answer to break its connection off."""


def router(mind: Mind) -> APIRouter:
    """The audio routes, for one agent and for all."""
    routes = APIRouter()

    @routes.post("/v1/audio/transcriptions")
    @routes.post("/{agent}/v1/audio/transcriptions")
    async def transcriptions(request: HttpRequest, agent: str = "") -> Response:
        async with request.form() as form:
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            mind.requests.append(Request("transcriptions", agent, fields))
            refused = key_problem(request) or await strike(mind.conditions.strike("transcriptions"))
            if refused:
                return refused
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                return error(400, "file is required")
            wav = await upload.read()
        await mind.conditions.wait("transcriptions")
        return await _transcribe(mind, wav, fields.get("prompt", ""))

    @routes.post("/v1/audio/speech")
    @routes.post("/{agent}/v1/audio/speech")
    async def speech(request: HttpRequest, agent: str = "") -> Response:
        body: dict[str, Any] = await request.json()
        mind.requests.append(Request("speech", agent, body))
        fault = mind.conditions.strike("speech")
        refused = key_problem(request) or await strike(fault)
        if refused:
            return refused
        if not body.get("input"):
            return error(400, "input is required")
        if body.get("response_format", "mp3") != "pcm":
            return error(400, "this stand-in speaks pcm only")
        await mind.conditions.wait("speech")
        return StreamingResponse(_speak(mind, body, fault), media_type="audio/pcm")

    return routes


async def _transcribe(mind: Mind, wav: bytes, prompt: str) -> Response:
    try:
        samples, rate = soundfile.read(io.BytesIO(wav), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError:
        return error(400, "the file is not audio that can be read")
    text = await mind.hearing.transcribe(samples[:, 0].tobytes(), rate, prompt)
    return JSONResponse({"text": text})


async def _speak(mind: Mind, body: dict[str, Any], fault: Fault | None) -> AsyncIterator[bytes]:
    """Headerless PCM; a cut breaks the connection off after ``fault.after`` bytes."""
    sent = 0
    spoken = mind.voice.speak(str(body["input"]), str(body.get("voice")), float(body.get("speed") or 1.0))
    async for piece in spoken:
        if fault and fault.kind == "cut" and sent >= fault.after:
            raise CutShortError
        yield piece
        sent += len(piece)
    if fault and fault.kind == "cut":
        raise CutShortError
