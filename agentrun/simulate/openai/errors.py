"""Errors in the format of OpenAI's API, and faults before an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from agentrun.http import cut_connections
from agentrun.simulate.faults import Fault

_MEANINGS = {
    400: ("invalid_request_error", "invalid_value", "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached."),
}
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_TYPES = {b"d": "text/event-stream", b"I": "audio/pcm"}
"""Of a malformed answer, by its first byte."""
_CLIENT = ("invalid_request_error", None, "The request is not valid.")
_SERVER = ("server_error", None, "The server had an error.")


def error(
    status: int,
    message: str | None = None,
    code: str | None = "",
    retry_after: int = 0,
    headers: Mapping[str, str] | None = None,
    param: str = "",
) -> JSONResponse:
    """An error body in OpenAI's shape; ``retry_after`` is in seconds.

    Without a ``code`` it has the usual one of its status; None is none.
    """
    kind, usual, text = _MEANINGS.get(status, _SERVER if status >= 500 else _CLIENT)
    text = _QUOTA if code == "insufficient_quota" else text
    code = usual if code == "" else code
    body = {"error": {"message": message or text, "type": kind, "param": param or None, "code": code}}
    waits = {"retry-after": str(retry_after)} if retry_after else {}
    return JSONResponse(body, status, {**(headers or {}), **waits})


def key_problem(request: Request) -> JSONResponse | None:
    """An error when the request has no bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return None if scheme.lower() == "bearer" and token.strip() else error(401)


class CutShortError(Exception):
    """Raised in the middle of an answer to break its connection off."""


async def break_off(fault: Fault | None, sent: int, after: int) -> None:
    """Break the connection off, or send nothing any more, once ``after`` bytes or events have been sent."""
    if fault and sent >= after:
        if fault.kind == "cut":
            raise CutShortError
        if fault.kind == "stall":
            await asyncio.Event().wait()


async def strike(
    fault: Fault | None, request: Request, *, streams: bool = False, malformed: bytes = b'{"text": "We'
) -> Response | None:
    """The answer of a fault that strikes before anything is sent; None when the request goes on.

    ``malformed`` is what such an answer looks like. ``hang`` lasts until the client gives up. ``cut`` and
    ``stall`` wait for the answer when that ``streams``; otherwise a cut breaks the connection off at once, as
    ``drop``, ``close`` and ``refuse`` do.
    """
    if (
        fault is None
        or fault.kind in ("empty", "trickle", "whole")
        or (fault.kind in ("cut", "stall") and streams)
    ):
        return None
    if fault.kind in ("status", "error"):
        return error(fault.status, None, fault.code, fault.retry_after)
    if fault.kind == "html":
        return HTMLResponse("<html><body>503 Service Unavailable</body></html>" * 20)
    if fault.kind == "json":
        return JSONResponse({"error": {"message": "upstream connect error, reset reason: overflow " * 20}})
    if fault.kind == "malformed":
        return Response(malformed, media_type=_TYPES.get(malformed[:1], "application/json"))
    if fault.kind == "late":
        await asyncio.sleep(fault.after)
        return None
    if fault.kind in ("hang", "stall"):
        while (await request.receive())["type"] != "http.disconnect":
            pass
    else:
        cut_connections.cut(request)
    return Response()
