"""Who may see the dashboard: this machine, or whoever has its password."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request

from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.dashboard.password_attempts import Guesses, TooManyError
from agentrun.server.lifecycle.settings import ServerSettings

VARIABLE = "AGENTRUN_DASHBOARD_PASSWORD"


def is_open(settings: ServerSettings) -> bool:
    """Whether there is a dashboard: on a loopback host, and where there is a password for it."""
    return is_loopback(settings.host) or bool(settings.environ.get(VARIABLE))


def require(
    settings: ServerSettings, guesses: Guesses | None = None
) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A check for FastAPI's routes, which raises HTTPException for whoever may not look.

    With ``AGENTRUN_DASHBOARD_PASSWORD`` set, a request carries it in HTTP Basic (RFC 7617), with any name, or
    comes from this machine with the token of its user; without it only a browser on this machine is let in.
    """
    password = settings.environ.get(VARIABLE, "")
    require_local = local_only.require(settings.local)
    guesses = guesses or Guesses()

    async def check(request: Request) -> None:
        if not password:
            require_local(request)
            return
        guess = _password(request.headers.get("authorization", ""))
        if guess is None:
            _require_token(request)
            return
        address = request.client.host if request.client else ""
        try:
            async with guesses.one(address):
                is_right = hmac.compare_digest(guess.encode(), password.encode())
        except TooManyError:
            raise HTTPException(429, "too many wrong passwords", {"Retry-After": "60"}) from None
        if not is_right:
            guesses.wrong(address)
            raise _refused()

    def _require_token(request: Request) -> None:
        if not is_loopback(settings.host) or not settings.local.is_shown(request):
            raise _refused()
        require_local(request)

    return check


def _refused() -> HTTPException:
    return HTTPException(401, f"this needs {VARIABLE}", {"WWW-Authenticate": 'Basic realm="agentrun"'})


def _password(header: str) -> str | None:
    """The password in an Authorization header, or None when there is none."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
