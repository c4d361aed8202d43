"""Who may see the dashboard: this machine, or whoever has its password."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections import deque
from collections.abc import Callable

from fastapi import HTTPException, Request

from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.lifecycle.settings import ServerSettings

VARIABLE = "AGENTRUN_DASHBOARD_PASSWORD"
MOST_WRONG = 10
WINDOW_SECONDS = 60.0
"""So many wrong passwords in so long a time, and nobody is let in for a while."""


def is_open(settings: ServerSettings) -> bool:
    """Whether there is a dashboard: on a loopback host, and where there is a password for it."""
    return is_loopback(settings.host) or bool(settings.environ.get(VARIABLE))


def require(
    settings: ServerSettings, clock: Callable[[], float] = time.monotonic
) -> Callable[[Request], None]:
    """A check for FastAPI's routes, which raises HTTPException for whoever may not look.

    With ``AGENTRUN_DASHBOARD_PASSWORD`` set, a request carries it in HTTP Basic (RFC 7617), with any name;
    without it only a browser on this machine is let in. ``clock`` is in seconds.
    """
    password = settings.environ.get(VARIABLE, "")
    require_local = local_only.require(settings.local)
    wrong: deque[float] = deque(maxlen=MOST_WRONG)

    def check(request: Request) -> None:
        if not password:
            require_local(request)
            return
        if len(wrong) == MOST_WRONG and clock() - wrong[0] < WINDOW_SECONDS:
            raise HTTPException(429, "too many wrong passwords", {"Retry-After": f"{WINDOW_SECONDS:.0f}"})
        given = _password(request.headers.get("authorization", ""))
        if given is not None and hmac.compare_digest(given.encode(), password.encode()):
            return
        if given is not None:
            wrong.append(clock())
        raise HTTPException(401, f"this needs {VARIABLE}", {"WWW-Authenticate": 'Basic realm="agentrun"'})

    return check


def _password(header: str) -> str | None:
    """The password in an Authorization header, or None when there is none."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
