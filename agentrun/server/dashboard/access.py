"""Who may see the dashboard: this machine, or anybody with the password."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any

from fastapi import HTTPException, Request

from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.auth.known_browsers import KnownBrowsers
from agentrun.server.auth.local_access import is_forwarded
from agentrun.server.dashboard.password_attempts import PasswordAttempts, TooManyError
from agentrun.server.lifecycle.settings import ServerSettings

VARIABLE = "AGENTRUN_DASHBOARD_PASSWORD"


def is_open(settings: ServerSettings) -> bool:
    """Whether there is a dashboard: on a loopback host, and where there is a password for it."""
    return is_loopback(settings.host) or bool(settings.environ.get(VARIABLE))


def require(
    settings: ServerSettings, guesses: PasswordAttempts | None = None
) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A check for FastAPI's routes, which raises HTTPException for whoever may not look.

    With ``AGENTRUN_DASHBOARD_PASSWORD`` set, a request carries it in HTTP Basic (RFC 7617), with any name, or
    comes from this machine with the token of its user; without it only a browser on this machine is let in.
    A browser that was let in is marked (``mark_of``), and does not stand in line with those that guess.
    """
    password = settings.environ.get(VARIABLE, "")
    require_local = local_only.require(settings.local)
    guesses = guesses or PasswordAttempts()
    # another password makes other marks
    key = settings.local.key(f"dashboard {password}")
    known = KnownBrowsers(key, f"agentrun_dashboard_{settings.local.port}", "/dashboard")

    async def check(request: Request) -> None:
        if not password:
            require_local(request)
            return
        guess = _password(request.headers.get("authorization", ""))
        if guess is None:
            _require_token(request)
            return
        address, is_known = _address(request), known.is_known(request.headers)
        try:
            async with nullcontext() if is_known else guesses.one(address):
                is_right = hmac.compare_digest(guess, password.encode("utf-8", "surrogateescape"))
        except TooManyError:
            raise HTTPException(429, "too many wrong passwords", {"Retry-After": "60"}) from None
        if not is_right:
            guesses.wrong(address)
            raise _refused()
        if not is_known:
            request.state.mark = known.mark(is_secure=request.url.scheme == "https")

    def _require_token(request: Request) -> None:
        if not is_loopback(settings.host) or not settings.local.is_shown(request):
            raise _refused()
        require_local(request)

    return check


def mark_of(request: Request) -> str:
    """The ``Set-Cookie`` for a browser that has just shown the password; empty for others."""
    return getattr(request.state, "mark", "")


def _address(request: Request) -> str:
    """Who asks, for the counting of guesses.

    What a proxy on this machine passes on, and no ``--forwarded-allow-ips`` names it, is not this machine's.
    """
    address = request.client.host if request.client else ""
    return f"passed on by {address}" if is_loopback(address) and is_forwarded(request.headers) else address


def _refused() -> HTTPException:
    return HTTPException(
        401, f"this needs {VARIABLE}", {"WWW-Authenticate": 'Basic realm="agentrun", charset="UTF-8"'}
    )


def _password(header: str) -> bytes | None:
    """The password in an Authorization header, in UTF-8, or None when there is none."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
