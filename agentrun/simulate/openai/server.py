"""Runs the mock server for the length of a block."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from agentrun.http.bound_socket import bind
from agentrun.http.bounded_bodies import bounded
from agentrun.http.uvicorn_server import serving
from agentrun.simulate.engines.engines import Brain, Hearing, Voice
from agentrun.simulate.faults import Conditions
from agentrun.simulate.openai import chat, embeddings, known_names, speech, transcriptions
from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import CutShortError, error
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.realtime import client_secrets, sockets
from agentrun.simulate.openai.request_bodies import BODY_SECONDS, MOST_BODY_BYTES, RefusedError
from agentrun.simulate.openai.responses import routes


class OpenAIServer:
    """A mock OpenAI server on a loopback port; port 0 takes a free one.

    >>> async with OpenAIServer(hearing, voice, brain) as server:  # doctest: +SKIP
    ...     client = openai.AsyncOpenAI(base_url=server.base_url, api_key="any")
    """

    def __init__(
        self,
        hearing: Hearing,
        voice: Voice,
        brain: Brain,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mock = MockState(hearing, voice, brain, clock)
        self._socket = bind("127.0.0.1", port)
        self._stack = contextlib.AsyncExitStack()

    @property
    def address(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"{self.address}/v1"

    def url_for(self, agent: str) -> str:
        """The base URL at which the mock server knows which agent asks."""
        return f"{self.address}/{agent}/v1"

    @property
    def conditions(self) -> Conditions:
        """Faults and latencies; they may be changed at any time."""
        return self._mock.conditions

    @property
    def requests(self) -> deque[Request]:
        """What was asked, oldest first; the last thousand."""
        return self._mock.requests

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(
            serving(_cutting(make(self._mock)), self._socket, message_bytes=None)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        self._socket.close()


def make(mock: MockState) -> Starlette:
    """The ASGI application."""
    every: list[BaseRoute] = [*route("GET", "/v1/models", _models), *route("GET", "/v1/models/{name}", _one)]
    for room in (transcriptions, speech, chat, embeddings, client_secrets, sockets, routes):
        every += room.routes(mock)
    handlers: dict[type[Exception], Any] = {RefusedError: _refused, HTTPException: _unknown}
    return Starlette(routes=every, exception_handlers=handlers)


async def _refused(_request: HttpRequest, problem: RefusedError) -> Response:
    return error(problem.status, problem.message, problem.code, param=problem.param)


async def _unknown(request: HttpRequest, problem: HTTPException) -> Response:
    text, code = str(problem.detail), None
    if problem.status_code == 404:
        text = f"Invalid URL ({request.method} {request.url.path})"
    elif problem.status_code == 405:
        text = f"Invalid method for URL ({request.method} {request.url.path})"
        code = "method_not_supported"
    return error(problem.status_code, text, code, headers=problem.headers)


async def _models(_request: HttpRequest, _agent: str) -> Response:
    return JSONResponse({"object": "list", "data": [_model(name) for name in known_names.OPENAI_MODELS]})


async def _one(request: HttpRequest, _agent: str) -> Response:
    name = request.path_params["name"]
    missing = f"The model '{name}' does not exist"
    return JSONResponse(_model(name)) if known_names.has(name) else error(404, missing, param="model")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "agentrun"}


def _cutting(app: ASGIApp) -> ASGIApp:
    """``app`` for bodies of bounded size, which may break connections off without a word in the log."""

    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = bounded(receive, MOST_BODY_BYTES, BODY_SECONDS)
        with contextlib.suppress(CutShortError):
            await app(scope, receive, send)

    return cutting
