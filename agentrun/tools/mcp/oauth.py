"""Tokens for an MCP server, by OAuth's client credentials: fetched, kept, and renewed when they expire.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4. The package ``mcp`` has a flow of its own, which holds a
lock over each request until it is answered: all calls of a process would wait for the slowest tool.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from http import HTTPStatus
from typing import Any

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
    """No token could be had, and why."""


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
        self._token, self._until = "", 0.0
        self._renewing = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sends a request once more, with another token, where the one it had is not taken any more."""
        shown = await self._current(None)
        response = yield self._with(request, shown)
        if response.status_code == HTTPStatus.UNAUTHORIZED and shown:
            renewed = await self._current(shown)
            if renewed != shown:
                yield self._with(request, renewed)

    def _with(self, request: httpx2.Request, token: str) -> httpx2.Request:
        # without one the server's own answer says that it wants one
        request.headers.pop("Authorization", None)
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    async def _current(self, refused: str | None) -> str:
        """A token that is good now, and not the ``refused`` one; empty where none can be had."""
        async with self._renewing:
            if not self._token or self._token == refused or self._clock() >= self._until:
                self._token = ""
                try:
                    self._token, seconds = await self._fetch()
                    self._until = self._clock() + seconds
                    self._told("")
                except NoTokenError as error:
                    self._told(f"its token could not be renewed: {error}")
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        """A new token, and for how many seconds it is good."""
        settings = self._settings
        form = {
            "grant_type": "client_credentials",
            **({"scope": settings["scope"]} if "scope" in settings else {}),
        }
        login = httpx2.BasicAuth(settings["client_id"], settings["client_secret"])
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
    """What an endpoint has granted; raises NoTokenError, in its own words of RFC 6749, section 5.2."""
    try:
        granted = json.loads(answer.content)
    except (ValueError, RecursionError):
        granted = None
    fields: Mapping[str, Any] = granted if isinstance(granted, dict) else {}
    token, seconds = fields.get("access_token"), fields.get("expires_in")
    if answer.status_code != HTTPStatus.OK or not isinstance(token, str):
        error = fields.get("error")
        why = f" ({error[:MOST_WORDS]})" if isinstance(error, str) and error.isprintable() else ""
        raise NoTokenError(f"the answer was {answer.status_code}{why}")
    if not 0 < len(token) <= MOST_TOKEN or not token.isascii() or not token.isprintable():
        raise NoTokenError("the answer had a token that can't be sent")
    lasts = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else float("inf")
    return token, max(1.0, lasts - EARLY_SECONDS)
