"""The realtime sockets: authentication, injected faults, and closing."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agentrun.http import cut_connections
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.agent_routes import socket_route
from agentrun.simulate.openai.errors import error
from agentrun.simulate.openai.known_names import missing_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.realtime import client_events, client_secrets
from agentrun.simulate.openai.realtime.client_events import InvalidEventError
from agentrun.simulate.openai.realtime.session import RealtimeSession
from agentrun.simulate.openai.realtime.transcription import Transcribing

_IGNORED = {"deaf": "input_audio_buffer", "unset": "session.update"}
"""What a socket doesn't react to any more."""
_REFUSED, _NO_MODEL = 4000, "model_not_found"
"""How OpenAI closes a socket whose model it has not."""


class Session(Protocol):
    """What runs on a socket."""

    async def begin(self) -> None: ...
    async def take(self, event: client_events.Event) -> None: ...
    async def error(self, code: str, text: str, event_id: str | None = None, param: str = "") -> None: ...
    async def malformed(self) -> None: ...
    async def expire(self) -> None: ...
    async def close(self) -> None: ...


class EndOfSocketError(Exception):
    """The server ends the socket with ``code``; without one the connection is dropped."""

    def __init__(self, code: int | None) -> None:
        super().__init__()
        self.code = code


def routes(mock: MockState) -> list[WebSocketRoute]:
    """The realtime routes, for one agent and for all."""

    async def realtime(socket: WebSocket, agent: str) -> None:
        fault = mock.conditions.strike("realtime")
        if await refuse(socket, fault, mock):
            return
        if fault and fault.kind == "handshake":
            await hang(socket)
            return
        await socket.accept(client_secrets.subprotocol(socket))
        mock.requests.append(Request("realtime", agent, dict(socket.query_params)))
        if fault and fault.kind == "hang":
            await hang(socket)
            return
        settings = client_secrets.session_of(socket, mock)
        transcribing = socket.query_params.get("intent") == "transcription"
        kind = Transcribing if transcribing or settings.get("type") == "transcription" else RealtimeSession
        session = kind(mock, agent, socket.send_text)
        session.apply(settings)
        model = socket.query_params.get("model") or settings.get("model")
        if words := missing_model(model):
            await session.error(_NO_MODEL, words)
            await socket.close(_REFUSED, f"invalid_request_error.{_NO_MODEL}")
            return
        await serve(session, socket, fault)

    return socket_route("/v1/realtime", realtime)


async def refuse(socket: WebSocket, fault: Fault | None, mock: MockState) -> bool:
    """Refuse a socket that has no key, or whose fault it is; says whether it was."""
    if not client_secrets.opens(client_secrets.key_of(socket), mock):
        await socket.send_denial_response(error(401))
    elif fault and fault.kind == "status":
        await socket.send_denial_response(error(fault.status))
    elif fault and fault.kind == "refuse":
        await socket.close(1008)
    else:
        return False
    return True


async def hang(socket: WebSocket) -> None:
    """Take everything and answer nothing until the client leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def serve(session: Session, socket: WebSocket, fault: Fault | None) -> None:
    """Run a session until either side ends it."""
    limit: asyncio.Task[None] | None = None
    try:
        await session.begin()
        limit = asyncio.create_task(session.expire())
        await _take_all(session, socket, fault, limit)
    except (WebSocketDisconnect, RuntimeError):
        return
    except EndOfSocketError as end:
        await _end(socket, end)
    finally:
        if limit:
            limit.cancel()
        await session.close()


async def _take_all(
    session: Session, socket: WebSocket, fault: Fault | None, limit: asyncio.Task[None]
) -> None:
    """Take events until the socket ends. A fault strikes after as many as it says, also if set later."""
    count = 0
    while True:
        receive = asyncio.create_task(socket.receive_text())
        done, _ = await asyncio.wait({receive, limit}, return_when=asyncio.FIRST_COMPLETED)
        if limit in done:
            receive.cancel()
            raise EndOfSocketError(1001)
        text = receive.result()
        count += 1
        if fault and count > fault.after and fault.kind not in _IGNORED:
            broken, fault = fault, None
            await _break(session, broken)
        event: client_events.Event = {}
        try:
            event = client_events.read(text)
            ignored = _IGNORED.get(fault.kind, "") if fault and count > fault.after else ""
            if not ignored or not str(event.get("type")).startswith(ignored):
                await session.take(event)
        except InvalidEventError as misfit:
            await session.error(misfit.code, misfit.message, _event_id(event), misfit.param)


def _event_id(event: client_events.Event) -> str | None:
    given = event.get("event_id")
    return given if isinstance(given, str) else None


async def _break(session: Session, fault: Fault) -> None:
    if fault.kind == "error":
        await session.error("server_error", "The server had an error.")
    elif fault.kind == "malformed":
        await session.malformed()
    elif fault.kind == "close":
        raise EndOfSocketError(1000)
    elif fault.kind in ("drop", "cut"):
        raise EndOfSocketError(None)


async def _end(socket: WebSocket, end: EndOfSocketError) -> None:
    """Close with a code, or abort the connection as a lost network does: no close frame is sent."""
    if end.code is None:
        cut_connections.cut(socket)
    else:
        await socket.close(end.code)
