"""The routes of Daily's REST API for rooms, tokens and telephone calls."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from agentrun.simulate.daily.rooms import ROOM_NAME, ROOM_PROPERTIES, DailyRoom, DailyToken
from agentrun.simulate.faults import Fault

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it came, and the status with which it was answered; 0 for one that never was."""

    method: str
    path: str
    body: Mapping[str, Any]
    status: int


@dataclass
class RoomRoutes:
    """``faults`` are by method and first part of the path, such as ``POST rooms`` or ``DELETE rooms``."""

    domain: str
    api_key: str = field(repr=False)
    rooms: dict[str, DailyRoom] = field(default_factory=dict)
    tokens: dict[str, DailyToken] = field(default_factory=dict)
    arrived: list[str] = field(default_factory=list)
    requests: list[RecordedRequest] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    latency: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def app(self) -> FastAPI:
        """An application with the routes, below ``/v1``."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        for path, methods in (
            ("/rooms", ["POST"]),
            ("/rooms/{name}", ["GET", "DELETE"]),
            ("/meeting-tokens", ["POST"]),
            ("/dialin/pinlessCallUpdate", ["POST"]),
        ):
            app.add_api_route(f"/v1{path}", self.answer, methods=methods)
        return app

    async def answer(self, request: Request) -> JSONResponse:
        """Check who asks, fail if asked to, do what is asked, and write it down."""
        path = request.url.path.removeprefix("/v1/")
        route = f"{request.method} {path.partition('/')[0]}"
        text = await request.body()
        body = _object(text)
        self.arrived.append(route)
        await asyncio.sleep(self.latency.get(route, 0.0))
        fault = self.faults.get(route)
        if fault and fault.take():
            status = fault.status if fault.kind == "status" else 0
            self.requests.append(RecordedRequest(request.method, path, body or {}, status))
            if not status:
                await request.receive()  # until the client gives up
            return JSONResponse({"error": "server-error", "info": "a fault of the mock server"}, status)
        status, payload = self._on(request, path, body)
        self.requests.append(RecordedRequest(request.method, path, body or {}, status))
        return JSONResponse(payload, status)

    def _on(self, request: Request, path: str, body: dict[str, Any] | None) -> Answer:
        header = request.headers.get("authorization")
        if header is None:
            return 400, {"error": "authorization-header-error"}
        if header != f"Bearer {self.api_key}":
            return 401, {"error": "authentication-error"}
        if "name" in request.path_params:
            return self._on_room(request.method, request.path_params["name"])
        if body is None:
            return _invalid("the body is not a JSON object")
        if path == "rooms":
            return self._make_room(body)
        return self._make_token(body) if path == "meeting-tokens" else _put_through(body)

    def _make_room(self, body: Mapping[str, Any]) -> Answer:
        name, properties = body.get("name") or DailyToken({}).text[:20], body.get("properties") or {}
        privacy = body.get("privacy", "public")
        if not isinstance(name, str) or not ROOM_NAME.fullmatch(name):
            return _invalid("name contains illegal characters")
        if self._room(name):
            return _invalid(f"a room named {name} already exists")
        if privacy not in ("public", "private"):
            return _invalid("privacy is not public or private")
        for key in properties:
            if key not in ROOM_PROPERTIES:
                return _invalid(f"unknown parameter '{key}'")
        if 0 < (properties.get("exp") or 0) <= self.clock():
            return _invalid("exp is in the past")
        room = self.rooms[name] = DailyRoom(self.domain, name, privacy, properties)
        return 200, room.as_json()

    def _on_room(self, method: str, name: str) -> Answer:
        room = self._room(name)
        if room is None:
            return 404, {"error": "not-found", "info": f"room {name} not found"}
        if method == "DELETE":
            del self.rooms[name]
            return 200, {"deleted": True, "name": name}
        return 200, room.as_json()

    def _make_token(self, body: Mapping[str, Any]) -> Answer:
        properties = body.get("properties") or {}
        name = properties.get("room_name")
        if name is not None and not self._room(name):
            return _invalid(f"room {name} not found")
        token = DailyToken(properties)
        self.tokens[token.text] = token
        return 200, {"token": token.text}

    def _room(self, name: str) -> DailyRoom | None:
        """A room that has not expired: Daily forgets those that have."""
        room = self.rooms.get(name)
        return room if room and not room.is_over(self.clock()) else None


def _put_through(body: Mapping[str, Any]) -> Answer:
    missing = [key for key in ("callId", "callDomain", "sipUri") if not body.get(key)]
    return _invalid(f"{missing[0]} is missing") if missing else (200, {"status": "OK"})


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _invalid(info: str) -> Answer:
    return 400, {"error": "invalid-request-error", "info": info}
