"""Limits and security headers for every request."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentrun.http.bounded_bodies import bounded
from agentrun.server.spec_editing import editable_files

MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""For answers that say nothing else; https://owasp.org/www-project-secure-headers has the reasons."""


class RequestLimits:
    """ASGI middleware: a body that is too long gets 413, one that comes too slowly 408."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hold one WebSocket."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_edit = scope["path"].startswith(f"{editable_files.ROUTES}/")
        most = editable_files.MOST_EDIT_BYTES if is_edit else MOST_BODY_BYTES
        await self._app(scope, bounded(receive, most, BODY_SECONDS), _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def send_careful(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_careful
