"""Routes that start work which costs money take the server's own key."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from fastapi import HTTPException, Request

from agentrun.server.access import is_loopback
from agentrun.server.local_only import require_local
from agentrun.server.settings import ServerSettings

VARIABLE = "AGENTRUN_API_KEY"


def require(settings: ServerSettings) -> Callable[[Request], None]:
    """A check for FastAPI's routes: it raises HTTPException unless the request may start work.

    With ``AGENTRUN_API_KEY`` set, a request carries ``Authorization: Bearer …`` (RFC 6750), else 401. Without
    it only a program on this machine is let in, on a loopback host; others get 403.

    >>> routes = APIRouter(dependencies=[Depends(require(settings))])  # doctest: +SKIP
    """
    key = settings.environ.get(VARIABLE, "")

    def check(request: Request) -> None:
        if not key:
            _require_this_machine(settings.host, request)
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
            message = f"send the server's {VARIABLE} as `Authorization: Bearer …`"
            raise HTTPException(401, message, {"WWW-Authenticate": "Bearer"})

    return check


def _require_this_machine(host: str, request: Request) -> None:
    """Refuse (403) whoever may be a stranger."""
    away = f"set {VARIABLE} where the server runs, and send it as `Authorization: Bearer …`"
    client = request.client.host if request.client else ""
    if not is_loopback(host) or not is_loopback(client):
        raise HTTPException(403, f"this server has no key to tell you from a stranger: {away}")
    try:
        require_local(request)
    except HTTPException as refused:
        raise HTTPException(403, f"{refused.detail}; {away}") from None
