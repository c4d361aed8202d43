"""Requires the API key, or a token made with it, for routes that start paid work."""

from __future__ import annotations

import contextlib
import hmac
import re
from collections.abc import Callable, Mapping

from fastapi import HTTPException, Request
from starlette.requests import HTTPConnection

from agentrun.errors import SetupError
from agentrun.server.auth import derived_keys
from agentrun.server.auth.call_access import KEY_VARIABLE, is_loopback
from agentrun.server.auth.local_only import LocalCheck
from agentrun.server.auth.local_only import require as local_check
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.lifecycle.settings import ServerSettings

VARIABLE = KEY_VARIABLE
_NO_HEADER = re.compile(r"^\s|\s$|[\x00-\x08\x0a-\x1f\x7f]")
"""What no header can carry: RFC 9110 section 5.5."""
Check = Callable[[Request], None]


def require_sendable(environ: Mapping[str, str]) -> None:
    """Raise SetupError for a key that nobody could ever send."""
    for name in (VARIABLE, VARIABLE + derived_keys.SECONDARY):
        if _NO_HEADER.search(environ.get(name, "")):
            raise SetupError(
                f"{name} begins or ends with white space or has a control character, which no header carries",
                f'export {name}="$(printf %s "${name}" | tr -d "[:space:][:cntrl:]")"',
            )


def require(settings: ServerSettings) -> Check:
    """A check for FastAPI's routes: it raises HTTPException unless the request may start work.

    With ``AGENTRUN_API_KEY`` set, a request carries ``Authorization: Bearer …`` (RFC 6750), else 401; while
    the key is exchanged ``AGENTRUN_API_KEY_SECONDARY`` does as well. Without a key only a program on this
    machine is let in, on a loopback host; others get 403. A page of another site is refused (403) unless its
    origin is allowed.

    >>> routes = APIRouter(dependencies=[Depends(require(settings))])  # doctest: +SKIP
    """
    keys = derived_keys.both(settings.environ, VARIABLE)
    require_local = local_check(settings.local)

    def check(request: Request) -> None:
        if not keys:
            _require_this_machine(settings.host, request, require_local)
            return
        _require_origin(settings, request)
        if not any(_is_same(_bearer(request), key) for key in keys):
            message = f"send the server's {VARIABLE} as `Authorization: Bearer …`"
            raise HTTPException(401, message, {"WWW-Authenticate": "Bearer"})

    return check


class StartAccess:
    """Who may begin a call: with the key, or once with a start token for the agent in the path.

    Called it checks, and uses the token of a POST up. What may still refuse a call asks ``check`` first and
    ``use`` as its last step, so that whoever was refused can come again with the same token. A PATCH after
    the POST needs no second token. With ``own_page`` this machine's own page needs neither.
    """

    def __init__(self, settings: ServerSettings, *, own_page: bool) -> None:
        self._settings = settings
        self._own_page = own_page
        self._check_key = require(settings)
        self._require_local = local_check(settings.local)

    async def __call__(self, request: Request) -> None:
        """Raise HTTPException unless the request may begin a call, which begins now."""
        if request.method == "POST":
            await self.use(request)
        else:
            await self.check(request)

    async def check(self, request: Request) -> None:
        """Raise HTTPException unless the request may begin a call."""
        if (tokens := self._tokens_for(request)) and not await self._is_good(tokens, request):
            self._check_key(request)

    async def use(self, request: Request) -> None:
        """The same, and its call begins now."""
        if (tokens := self._tokens_for(request)) and not await tokens.admit(*_token_and_agent(request)):
            self._check_key(request)

    async def _is_good(self, tokens: StartTokens, request: Request) -> bool:
        if request.method == "POST":
            return tokens.may_try(*_token_and_agent(request))
        return await tokens.admit(*_token_and_agent(request), use=False)

    def _tokens_for(self, request: Request) -> StartTokens | None:
        """What checks the token of ``request``; None for one that is let in without."""
        if self._own_page and _is_own_page(self._settings, request, self._require_local):
            return None
        tokens = self._settings.start_tokens
        if tokens:
            _require_origin(self._settings, request)
        else:
            self._check_key(request)
        return tokens


def require_key_or_token(settings: ServerSettings) -> StartAccess:
    """As ``require``; a start token does in the place of the key, once, for the agent in the path."""
    return StartAccess(settings, own_page=False)


def require_start(settings: ServerSettings) -> StartAccess:
    """As ``require_key_or_token``, but on a loopback host this machine's own page needs neither."""
    return StartAccess(settings, own_page=True)


def require_origin(settings: ServerSettings) -> LocalCheck:
    """A check that refuses (403) pages of sites that are neither this server's nor allowed.

    On a server without a key it refuses whoever ``require`` does.
    """
    require_local = local_check(settings.local)

    def check(request: HTTPConnection) -> None:
        if _is_own_page(settings, request, require_local):
            return
        if settings.environ.get(VARIABLE):
            _require_origin(settings, request)
        else:
            _require_this_machine(settings.host, request, require_local)

    return check


def _is_own_page(settings: ServerSettings, request: HTTPConnection, require_local: LocalCheck) -> bool:
    """Whether the request is this machine's own, on a loopback host; without a key others are refused."""
    if not is_loopback(settings.host) or not is_loopback(request.client.host if request.client else ""):
        return False
    try:
        require_local(request)
    except HTTPException:
        if not settings.environ.get(VARIABLE):
            raise
        return False
    return True


def _token_and_agent(request: Request) -> tuple[str, str]:
    """The token that a request shows, and the agent in its path."""
    return _bearer(request), str(request.path_params.get("agent", ""))


def _is_same(shown: str, key: str) -> bool:
    """Whether a header, which is decoded as Latin-1, has the bytes of ``key``, in UTF-8 or in Latin-1."""
    sent, forms = shown.encode("latin-1", "replace"), [key.encode("utf-8", "surrogateescape")]
    with contextlib.suppress(UnicodeEncodeError):
        forms.append(key.encode("latin-1"))
    return any(hmac.compare_digest(sent, form) for form in forms)


def _bearer(request: Request) -> str:
    """What the request shows, or nothing."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _require_origin(settings: ServerSettings, request: HTTPConnection) -> None:
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in settings.origins:
        raise HTTPException(403, f"this server does not answer pages of {origin}; see --allow-origin")


def _require_this_machine(host: str, request: HTTPConnection, require_local: LocalCheck) -> None:
    """Refuse (403) whoever may be a stranger."""
    away = f"set {VARIABLE} where the server runs, and send it as `Authorization: Bearer …`"
    client = request.client.host if request.client else ""
    if not is_loopback(host) or not is_loopback(client):
        raise HTTPException(403, f"this server has no key to tell you from a stranger: {away}")
    try:
        require_local(request)
    except HTTPException as refused:
        raise HTTPException(403, f"{refused.detail}; {away}") from None
