"""Answers from a cassette: requests by their content, audio in its order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, Response

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.simulate.cassette.differences import between
from agentrun.simulate.cassette.tape import Conversation, Event, Exchange, Tape, plain

_AT_ONE_MOMENT = 4
_NOT_COMPARED = ("input_audio_buffer.append", "response.cancel")
"""Sound as it comes in, and interruptions, have no fixed place among the events."""


@dataclass
class Replay:
    """A tape that is being played; ``misfits`` says what was asked and is not on it."""

    tape: Tape
    misfits: list[str] = field(default_factory=list)
    _taken: set[int] = field(default_factory=set)

    def find(self, path: str, asked: Any) -> Exchange | None:
        """The recorded exchange that fits; None is a misfit."""
        fresh = [n for n, one in enumerate(self.tape.exchanges) if n not in self._taken and one.path == path]
        for number in fresh:
            if plain(self.tape.exchanges[number].asked) == plain(asked):
                self._taken.add(number)
                return self.tape.exchanges[number]
        if not fresh:
            self.misfits.append(f"{path} was asked more often than when this was recorded: record again")
        else:
            self.misfits.append(between(plain(self.tape.exchanges[fresh[0]].asked), plain(asked)))
        return None


@contextlib.asynccontextmanager
async def replaying(replay: Replay) -> AsyncIterator[str]:
    """The address that answers from the tape while the block runs."""
    sock = bind("127.0.0.1", 0)
    try:
        async with serving(_app(replay), sock, message_bytes=None):
            yield f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
    finally:
        sock.close()


def _app(replay: Replay) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    sockets = iter(replay.tape.sockets)

    @app.api_route("/v1/{path:path}", methods=["GET", "POST"])
    async def answer(path: str, request: Request) -> Response:
        is_json = "json" in request.headers.get("content-type", "")
        exchange = replay.find(path, json.loads(await request.body()) if is_json else None)
        if exchange is None:
            problem = {"message": replay.misfits[-1], "type": "invalid_request_error", "code": "not_recorded"}
            return JSONResponse({"error": problem}, 400)
        content: str | bytes = replay.tape.sounds[exchange.sound] if exchange.sound else exchange.answered
        return Response(content, exchange.status, media_type=exchange.content_type or None)

    @app.websocket("/v1/{path:path}")
    async def play(socket: WebSocket, path: str) -> None:
        conversation = next(sockets, None)
        if conversation is None or conversation.path != path:
            replay.misfits.append(f"a socket of {path} was not opened when this was recorded: record again")
            await socket.close(1008)
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await _play(socket, conversation, replay)

    return app


async def _play(socket: WebSocket, conversation: Conversation, replay: Replay) -> None:
    """Send what the server sent once the client has said all that came before it.

    Two events that a client sends at one moment may come in either order.
    """
    events = [event for event in conversation.events if not _is_skipped(event)]
    while True:
        while events and events[0].by == "server":
            await socket.send_text(json.dumps(events.pop(0).body))
        message = plain(await _next(socket))
        expected = [event for event in events if event.by == "client"][:_AT_ONE_MOMENT]
        match = next((event for event in expected if plain(event.body) == message), None)
        if match is None:
            like = next((event for event in expected if event.body.get("type") == message.get("type")), None)
            replay.misfits.append(between(plain(like.body) if like else None, message))
            await socket.close(1008)
            return
        events.remove(match)


async def _next(socket: WebSocket) -> Any:
    """What the client says next that has a fixed place."""
    while True:
        message = json.loads(await socket.receive_text())
        if message.get("type") not in _NOT_COMPARED:
            return message


def _is_skipped(event: Event) -> bool:
    return event.by == "client" and event.body.get("type") in _NOT_COMPARED
