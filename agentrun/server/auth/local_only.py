"""Restricts routes such as the page and the records to this machine."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from agentrun.server.auth.call_access import is_loopback
from agentrun.server.auth.local_access import LocalAccess, is_forwarded

LocalCheck = Callable[[HTTPConnection], None]
_CLOSED = (
    "others can reach this server, so this address asks for the token of the link that `agentrun serve` "
    "printed: open that link, or send the token as `Authorization: Bearer …`"
)


def require(local: LocalAccess) -> LocalCheck:
    """A check for FastAPI's routes, which raises HTTPException (403) for whoever is not this machine's user.

    The address must be this machine's own (``require_address``). Once others can reach the server, that
    proves nothing any more, and the request must also carry the token. A browser that opens the link with
    the token is given a cookie, and sent on to the address without it (303).
    """

    def check(request: HTTPConnection) -> None:
        require_address(request)
        if local.is_reachable and not local.is_shown(request):
            raise HTTPException(403, _CLOSED)
        if _is_link(request) and local.is_shown(request):
            raise HTTPException(303, "", {"Location": _without_token(request), "Set-Cookie": local.cookie()})

    return check


def require_address(request: HTTPConnection) -> None:
    """Refuse (403) a request that comes from elsewhere than a page or a program on this machine.

    The Host header must name a loopback address: a tunnel and a rebound DNS name bring another one. An Origin
    must be this server's own: another site's script brings its site's, a sandboxed one ``null``.
    """
    host = request.headers.get("host", "")
    if not is_loopback(_name(host)):
        raise HTTPException(403, f"this address is for this machine alone, and '{host}' is another name")
    if is_forwarded(request.headers):
        raise HTTPException(403, "this address is for this machine alone, and the request was passed on")
    origin = request.headers.get("origin")
    scheme = request.url.scheme.replace("ws", "http")
    if origin is not None and origin.lower() != f"{scheme}://{host}".lower():
        raise HTTPException(403, f"this address is not for scripts of {origin}")


class NoteProxies:
    """ASGI middleware that has ``local`` see what every request shows of proxies."""

    def __init__(self, app: ASGIApp, local: LocalAccess) -> None:
        self._app = app
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at one request, and pass it on."""
        if scope["type"] in ("http", "websocket"):
            self._local.note(Headers(scope=scope))
        await self._app(scope, receive, send)


def _is_link(request: HTTPConnection) -> bool:
    """Whether somebody opens an address with a token in a browser."""
    page = request.scope["type"] == "http" and request.scope["method"] == "GET"
    return page and "token" in request.query_params and "text/html" in request.headers.get("accept", "")


def _without_token(request: HTTPConnection) -> str:
    """The path and the query, to be opened again; never another host's."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    # decoded, so that it may have any character
    path = "/" + quote(str(request.scope["path"]).lstrip("/\\"))
    return path + (f"?{urlencode(pairs)}" if pairs else "")


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
