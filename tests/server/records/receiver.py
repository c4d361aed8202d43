"""A receiver of webhooks on a loopback port: up or down, slow or rude."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def _ok(_body: dict[str, Any]) -> Response:
    return Response(status_code=204)


@dataclass
class Receiver:
    """What came: the ``tries`` of each id, and the records that were taken, by call."""

    port: int = 0
    answer: Callable[[dict[str, Any]], Response] = _ok
    seconds: float = 0.0
    tries: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    faults: list[str] = field(default_factory=list)
    going: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """The address for a spec."""
        return f"http://127.0.0.1:{self.port}/calls?token=part-of-the-address"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one request, as an ASGI application."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        name, body = request.headers["webhook-id"], await request.body()
        self._verify(request, name, body)
        self.tries[name] += 1
        self.bodies.setdefault(name, set()).add(body)
        self.at_once[name] += 1
        self.most_at_once = max(self.most_at_once, self.at_once[name])
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.going.wait(), self.seconds)
        finally:
            self.at_once[name] -= 1
        record = json.loads(body)
        answer = self.answer(record)
        if answer.status_code < 300:
            self.taken[record["id"]] = record
            self.deliveries[record["id"]] += 1
        await answer(scope, receive, send)

    def _verify(self, request: Request, name: str, body: bytes) -> None:
        signed = f"{name}.{request.headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        if request.headers["webhook-signature"] != f"v1,{mac}":
            self.faults.append("signature")
        if request.method != "POST" or request.headers["content-type"] != "application/json":
            self.faults.append("method or type")

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Answer while the block runs; the port stays the same from the first time on."""
        with contextlib.closing(bind("127.0.0.1", self.port)) as sock:
            self.port = sock.getsockname()[1]
            self.going.clear()
            async with serving(self, sock):
                try:
                    yield
                finally:
                    self.going.set()
