"""``/v1/realtime/client_secrets``: short-lived secrets with which a page opens a realtime socket."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocket

from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import key_problem
from agentrun.simulate.openai.mock_state import ClientSecret, MockState, Request
from agentrun.simulate.openai.realtime.client_events import InvalidEventError
from agentrun.simulate.openai.realtime.session import RealtimeSession
from agentrun.simulate.openai.realtime.transcription import Transcribing
from agentrun.simulate.openai.request_bodies import RefusedError, read_json

BEGINNING = "ek_"
SECONDS = (10, 7200)
USUAL_SECONDS = 600
_SUBPROTOCOL = "openai-insecure-api-key."
_KINDS: dict[str, type[RealtimeSession | Transcribing]] = {
    "realtime": RealtimeSession,
    "transcription": Transcribing,
}

_OBJECTS = {"realtime": "realtime.session", "transcription": "realtime.transcription_session"}


def routes(mock: MockState) -> list[Route]:
    """The route that makes secrets, for one agent and for all."""

    async def make(request: HttpRequest, agent: str) -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("client_secrets", agent, body))
        seconds, session = _seconds(body), _session(body, mock)
        value = BEGINNING + secrets.token_hex(16)
        mock.keep_secret(value, ClientSecret(mock.clock() + seconds, session))
        whole = {**session, "id": mock.new_id("sess"), "object": _OBJECTS[session["type"]]}
        return JSONResponse({"value": value, "expires_at": int(time.time()) + seconds, "session": whole})

    return route("POST", "/v1/realtime/client_secrets", make)


def key_of(socket: WebSocket) -> str:
    """The key or the secret of a socket: its bearer token, or a subprotocol, which browsers can send."""
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    offered: list[str] = socket.scope.get("subprotocols") or []
    return next((each.removeprefix(_SUBPROTOCOL) for each in offered if each.startswith(_SUBPROTOCOL)), "")


def subprotocol(socket: WebSocket) -> str | None:
    """What of a browser's subprotocols is agreed to."""
    return "realtime" if "realtime" in (socket.scope.get("subprotocols") or []) else None


def opens(key: str, mock: MockState) -> bool:
    """Whether ``key`` is one: any text, but a secret only until it expires."""
    if not key.startswith(BEGINNING):
        return bool(key)
    secret = mock.secrets.get(key)
    return secret is not None and mock.clock() < secret.expires


def session_of(socket: WebSocket, mock: MockState) -> dict[str, Any]:
    """The settings with which a socket's secret begins a session; empty where it has a key."""
    secret = mock.secrets.get(key_of(socket))
    return secret.session if secret else {}


def _seconds(body: dict[str, Any]) -> int:
    wish = {} if body.get("expires_after") is None else body["expires_after"]
    seconds = wish.get("seconds", USUAL_SECONDS) if isinstance(wish, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not SECONDS[0] <= seconds <= SECONDS[1]:
        words = f"expires_after.seconds: give a whole number from {SECONDS[0]} to {SECONDS[1]}"
        raise RefusedError(words, param="expires_after.seconds")
    return seconds


def _session(body: dict[str, Any], mock: MockState) -> dict[str, Any]:
    """The settings of ``session``, as such a session takes them. Raises RefusedError."""
    session = {} if body.get("session") is None else body["session"]
    kind = session.get("type", "realtime") if isinstance(session, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        words = f"session.type: {kind!r} is not one of {', '.join(_KINDS)}"
        raise RefusedError(words, param="session.type")

    async def unheard(_text: str) -> None:
        """Nobody has opened a socket yet."""

    try:
        _KINDS[kind](mock, "", unheard).apply(session)
    except InvalidEventError as problem:
        param = ".".join(filter(None, ("session", problem.param)))
        raise RefusedError(f"session: {problem.message}", param=param, code=problem.code) from None
    return {**session, "type": kind}
