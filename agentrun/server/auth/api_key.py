"""Routes that start work which costs money take the server's own key, or a token that was made with it."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from fastapi import HTTPException, Request

from agentrun.server.auth.call_access import is_loopback
from agentrun.server.auth.local_only import LocalCheck
from agentrun.server.auth.local_only import require as local_check
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.lifecycle.settings import ServerSettings

VARIABLE = "AGENTRUN_API_KEY"
Check = Callable[[Request], None]


def require(settings: ServerSettings, tokens: StartTokens | None = None) -> Check:
    """A check for FastAPI's routes: it raises HTTPException unless the request may start work.

    With ``AGENTRUN_API_KEY`` set, a request carries ``Authorization: Bearer …`` (RFC 6750), else 401. Without
    it only a program on this machine is let in, on a loopback host; others get 403. With ``tokens`` one of
    those does in the place of the key, for the agent in the path; a PATCH after it needs no second one.
    A page of another site is refused (403) unless its origin is allowed.

    >>> routes = APIRouter(dependencies=[Depends(require(settings))])  # doctest: +SKIP
    """
    key = settings.environ.get(VARIABLE, "")
    require_local = local_check(settings.local)

    def check(request: Request) -> None:
        if not key:
            _require_this_machine(settings.host, request, require_local)
            return
        _require_origin(settings, request)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip()
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), key.encode()):
            return
        agent = str(request.path_params.get("agent", ""))
        if scheme.lower() == "bearer" and tokens and tokens.admit(given, agent, use=request.method == "POST"):
            return
        message = f"send the server's {VARIABLE} as `Authorization: Bearer …`"
        raise HTTPException(401, message, {"WWW-Authenticate": "Bearer"})

    return check


def require_start(settings: ServerSettings) -> Check:
    """As ``require`` with start tokens, but on a loopback host this machine's own page needs no key."""
    check_key = require(settings, settings.start_tokens)
    require_local = local_check(settings.local)

    def check(request: Request) -> None:
        if is_loopback(settings.host) and is_loopback(request.client.host if request.client else ""):
            try:
                require_local(request)
            except HTTPException:
                if not settings.environ.get(VARIABLE):
                    raise
            else:
                return
        check_key(request)

    return check


def _require_origin(settings: ServerSettings, request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in settings.origins:
        raise HTTPException(403, f"this server does not answer pages of {origin}; see --allow-origin")


def _require_this_machine(host: str, request: Request, require_local: LocalCheck) -> None:
    """Refuse (403) whoever may be a stranger."""
    away = f"set {VARIABLE} where the server runs, and send it as `Authorization: Bearer …`"
    client = request.client.host if request.client else ""
    if not is_loopback(host) or not is_loopback(client):
        raise HTTPException(403, f"this server has no key to tell you from a stranger: {away}")
    try:
        require_local(request)
    except HTTPException as refused:
        raise HTTPException(403, f"{refused.detail}; {away}") from None
