"""``/v1/audio/transcriptions`` and ``/v1/audio/speech``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.errors import key_problem, strike
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import RefusedError, read_json, read_sound


class CutShortError(Exception):
    """Raised in the middle of an answer to break its connection off."""


def router(mock: MockState) -> APIRouter:
    """The audio routes, for one agent and for all."""
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
            if struck := await strike(fault, request):
                return struck
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                raise RefusedError("file is required")
            pcm, rate = read_sound(await upload.read())
        await mock.conditions.wait("transcriptions")
        if fault and fault.kind == "empty":
            return JSONResponse({"text": ""})
        text = await mock.hearing.transcribe(pcm, rate, fields.get("prompt", ""))
        return JSONResponse({"text": text})

    @routes.post("/v1/audio/speech")
    @routes.post("/{agent}/v1/audio/speech")
    async def speech(request: HttpRequest, agent: str = "") -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("speech", agent, body))
        fault = mock.conditions.strike("speech")
        if struck := await strike(fault, request, streams=True, malformed=b"ID3" + bytes(4000)):
            return struck
        if not body.get("input"):
            raise RefusedError("input is required")
        if body.get("response_format", "mp3") != "pcm":
            raise RefusedError("this mock server speaks pcm only")
        await mock.conditions.wait("speech")
        return StreamingResponse(_speak(mock, body, fault), media_type="audio/pcm")

    return routes


async def _speak(mock: MockState, body: dict[str, Any], fault: Fault | None) -> AsyncIterator[bytes]:
    """Headerless PCM; a cut breaks the connection off after ``fault.after`` bytes."""
    sent = 0
    pieces = mock.voice.speak(str(body["input"]), str(body.get("voice")), float(body.get("speed") or 1.0))
    async for piece in pieces:
        if fault and fault.kind == "empty":
            return
        await break_off(fault, sent, fault.after if fault else 0)
        await asyncio.sleep(fault.pause if fault else 0.0)
        yield piece
        sent += len(piece)
    await break_off(fault, sent, 0)


async def break_off(fault: Fault | None, sent: int, after: int) -> None:
    """Break the connection off, or send nothing any more, once ``after`` bytes or events have been sent."""
    if fault and sent >= after:
        if fault.kind == "cut":
            raise CutShortError
        if fault.kind == "stall":
            await asyncio.Event().wait()
