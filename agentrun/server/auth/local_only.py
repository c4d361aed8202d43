"""Some routes are for this machine alone: the page, and the records."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.requests import HTTPConnection

from agentrun.server.auth.call_access import is_loopback

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""A request that a proxy or a tunnel passed on carries one of these."""


def require_local(request: HTTPConnection) -> None:
    """Refuse (403) a request that comes from elsewhere than a page or a program on this machine.

    The Host header must name a loopback address: a tunnel and a rebound DNS name bring another one. An Origin
    must be this server's own: another site's script brings its site's, a sandboxed one ``null``.
    """
    host = request.headers.get("host", "")
    if not is_loopback(_name(host)):
        raise HTTPException(403, f"this address is for this machine alone, and '{host}' is another name")
    if any(name in request.headers for name in FORWARDED):
        raise HTTPException(403, "this address is for this machine alone, and the request was passed on")
    origin = request.headers.get("origin")
    scheme = request.url.scheme.replace("ws", "http")
    if origin is not None and origin.lower() != f"{scheme}://{host}".lower():
        raise HTTPException(403, f"this address is not for scripts of {origin}")


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
