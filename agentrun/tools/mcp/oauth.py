"""OAuth client credentials for an MCP server: tokens are fetched, cached, and renewed.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4. The package ``mcp`` has a flow of its own, which holds a
lock over each request until it is answered: all calls of a process would wait for the slowest tool.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

import httpx2

from agentrun.http import bounded_answers

TOKEN_SECONDS = 5.0
"""How long a token endpoint may take; a tool waits for it."""
EARLY_SECONDS = 10.0
"""Before its end a token is renewed: it has to be good for the request that it goes with."""
MOST_ANSWER_BYTES = 64 * 1024
MOST_TOKEN = 16 * 1024
MOST_WORDS = 200


_ERRORS = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    bounded_answers.UnreadableAnswerError,
    OSError,
    ValueError,
)


class NoTokenError(Exception):
    """No token could be obtained; the message says why."""


class ClientCredentials(httpx2.Auth):
    """Shows a token with each request of one server, and another one where that is answered with 401.

    ``settings`` are those of ``oauth:``, filled in. ``told`` is given why no token could be had, in words
    without a secret, and nothing once there is one; ``clock`` gives seconds that only go on.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        web: httpx2.AsyncClient,
        told: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._web, self._told, self._clock = settings, web, told, clock
        self._token, self._renew_at, self._until = "", 0.0, 0.0
        self._renewing: asyncio.Task[None] | None = None

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sends a request once more, with another token, where the one it had is not taken any more."""
        shown = await self._current()
        response = yield self._with(request, shown)
        if response.status_code == HTTPStatus.UNAUTHORIZED and shown:
            renewed = await self._current(refused=shown)
            if renewed not in ("", shown):
                yield self._with(request, renewed)

    async def close(self) -> None:
        """No token is waited for any more."""
        if self._renewing:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})

    def _with(self, request: httpx2.Request, token: str) -> httpx2.Request:
        # without one the server's own answer says that it wants one
        request.headers.pop("Authorization", None)
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    async def _current(self, refused: str = "") -> str:
        """A token that is good now, and not the ``refused`` one; empty where none can be had.

        All who need another one wait for one request. One that is about to expire is shown meanwhile.
        """
        if refused and self._token == refused:
            self._token = ""
        is_good = bool(self._token) and self._clock() < self._until
        if is_good and self._clock() < self._renew_at:
            return self._token
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew(), name="a token for an MCP server")
            self._renewing.add_done_callback(self._renewed)
        if not is_good:
            await asyncio.wait({self._renewing})
        return self._token

    def _renewed(self, _task: asyncio.Task[None]) -> None:
        self._renewing = None

    async def _renew(self) -> None:
        try:
            token, seconds = await self._fetch()
        except NoTokenError as error:
            if self._clock() >= self._until:
                self._token = ""
            self._told(f"its token could not be renewed: {error}")
            return
        self._token, self._until = token, self._clock() + seconds
        self._renew_at = max(self._until - EARLY_SECONDS, self._clock() + 1.0)
        self._told("")

    async def _fetch(self) -> tuple[str, float]:
        """A new token, and for how many seconds it is good."""
        settings = self._settings
        form = {"grant_type": "client_credentials"}
        form |= {name: value for name, value in settings.items() if name == "scope"}
        # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
        login = httpx2.BasicAuth(*(quote_plus(settings[name]) for name in ("client_id", "client_secret")))
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                answer = await self._web.post(settings["token_url"], data=form, auth=login)
        except TimeoutError:
            raise NoTokenError(f"no answer within {TOKEN_SECONDS:g} s") from None
        except _ERRORS as error:
            raise NoTokenError(type(error).__name__) from None
        return _read(answer)


def client(**options: Any) -> httpx2.AsyncClient:
    """What asks for tokens: it follows no redirect, and reads no long answer."""

    async def bound(response: httpx2.Response) -> None:
        bounded_answers.bound(response, MOST_ANSWER_BYTES)

    headers = {**bounded_answers.ACCEPTED, "Accept": "application/json"}
    return httpx2.AsyncClient(headers=headers, event_hooks={"response": [bound]}, **options)


def _read(answer: httpx2.Response) -> tuple[str, float]:
    """The granted token; raises NoTokenError with the endpoint's error (RFC 6749, section 5.2)."""
    try:
        granted = json.loads(answer.content)
    except (ValueError, RecursionError):
        granted = None
    fields: Mapping[str, Any] = granted if isinstance(granted, dict) else {}
    token = fields.get("access_token")
    if answer.status_code != HTTPStatus.OK or not isinstance(token, str):
        error = fields.get("error")
        why = f" ({error[:MOST_WORDS]})" if isinstance(error, str) and error.isprintable() else ""
        raise NoTokenError(f"the answer was {answer.status_code}{why}")
    if not 0 < len(token) <= MOST_TOKEN or not token.isascii() or not token.isprintable():
        raise NoTokenError("the answer had a token that can't be sent")
    return token, _seconds(fields.get("expires_in"))


def _seconds(lasts: object) -> float:
    """For how long a token is good, which some servers write as text; without end where nothing says so."""
    try:
        seconds = float(lasts) if isinstance(lasts, int | float | str) else math.inf
    except ValueError:
        return math.inf
    return seconds if seconds > 0 else math.inf
