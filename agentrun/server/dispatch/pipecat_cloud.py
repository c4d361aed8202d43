"""Pipecat Cloud's REST API, as far as starting a session for a telephone call needs it.

https://docs.pipecat.ai/pipecat-cloud/guides/websocket-authentication
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx

from agentrun.errors import SetupError
from agentrun.http import bounded_answers, tls
from agentrun.server.auth.call_access import is_loopback

API = "https://api.pipecat.daily.co/v1/public"
KEY = "PIPECAT_CLOUD_PUBLIC_KEY"
BASE_URL = "PIPECAT_CLOUD_BASE_URL"
TRY_SECONDS = 4.0
START_SECONDS = 9.0
"""For one try, and for all: Twilio waits 15 s for its answer, and the caller hears it ring meanwhile."""
PAUSES = (0.5, 1.5)
"""Before the second try and the third."""
MOST_ANSWER_BYTES = 64 * 1024
Trouble = Literal["full", "key", "billing", "missing", "rejected", "broken", "late", "unreachable", "answer"]
_TROUBLES: Mapping[int, Trouble] = {401: "key", 402: "billing", 403: "key", 404: "missing", 429: "full"}
_AGAIN: frozenset[Trouble] = frozenset({"full", "broken", "late", "unreachable"})
"""What may be over a moment later; a bot is started by its stream alone, so asking again costs nothing."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+=-]{1,1500}")
_HINTS: Mapping[Trouble, str] = {
    "full": "every session of its pool is taken: raise max_agents in pcc-deploy.toml",
    "key": f"{KEY} is not a public key of the organization that has the agent",
    "billing": "the organization has no valid billing",
    "missing": "no agent of that name is deployed",
}


class StartError(Exception):
    """No session was started; ``trouble`` says why in one word, and ``message`` in a sentence."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble: Trouble = trouble
        self.message = message


class PipecatCloud:
    """Starts sessions with the public ``key`` at the API's address ``api``; ``close`` it afterwards.

    ``transport`` is httpx's own by default.
    """

    def __init__(self, key: str, api: str = API, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._api = api
        self._is_local = is_loopback(urlsplit(api).hostname or "")
        self._web = httpx.AsyncClient(
            transport=transport,
            timeout=TRY_SECONDS,
            headers={"Authorization": f"Bearer {key}", **bounded_answers.ACCEPTED},
            verify=tls.context(),
            trust_env=not self._is_local,
            event_hooks={"response": [_bound]},
        )

    async def start(self, agent: str) -> str:
        """The address, with its one-time token, of the stream of a new session of ``agent``.

        What may pass is tried again, at most within ``START_SECONDS``. Raises StartError.
        """
        error = StartError("late", f"Pipecat Cloud did not answer within {START_SECONDS:g} s")
        try:
            async with asyncio.timeout(START_SECONDS):
                for pause in (*PAUSES, None):
                    try:
                        return await self._try(agent)
                    except StartError as refused:
                        error = refused
                    if pause is None or error.trouble not in _AGAIN:
                        break
                    await asyncio.sleep(pause)
        except TimeoutError:
            pass
        raise error

    async def close(self) -> None:
        """Close its connections."""
        await self._web.aclose()

    async def _try(self, agent: str) -> str:
        url = f"{self._api}/{quote(agent, safe='')}/start"
        try:
            async with asyncio.timeout(TRY_SECONDS):
                answer = await self._web.post(url, json={"transport": "websocket"})
        except (TimeoutError, httpx.TimeoutException):
            raise StartError("late", f"Pipecat Cloud did not answer within {TRY_SECONDS:g} s") from None
        except bounded_answers.UnreadableAnswerError as error:
            raise StartError("answer", f"Pipecat Cloud's answer can't be read: {error}") from None
        except httpx.HTTPError as error:
            raise StartError(
                "unreachable", f"Pipecat Cloud can't be reached: {type(error).__name__}"
            ) from None
        if answer.status_code != 200:
            raise _refusal(answer.status_code)
        return self._address(answer)

    def _address(self, answer: httpx.Response) -> str:
        try:
            body: Any = answer.json()
        except (ValueError, RecursionError):
            raise StartError("answer", "Pipecat Cloud answered 200, and no JSON") from None
        token, url = (body.get(name) if isinstance(body, dict) else None for name in ("token", "wsUrl"))
        if not isinstance(url, str) or not self._is_stream(url):
            raise StartError("answer", "Pipecat Cloud's answer has no wsUrl that a stream can be opened at")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            words = 'Pipecat Cloud\'s answer has no token: is websocket_auth = "token" in pcc-deploy.toml?'
            raise StartError("answer", words)
        # a query is lost on its way through Twilio
        return f"{url.rstrip('/')}/{token}"

    def _is_stream(self, url: str) -> bool:
        """Whether Twilio can open ``url``: without a query, and encrypted unless all is on this machine."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        scheme = parts.scheme == "wss" or (parts.scheme == "ws" and self._is_local and is_loopback(host))
        bare = not (parts.query or parts.fragment or parts.username)
        return scheme and bool(host) and bare and re.fullmatch(r"[!-~]{1,2000}", url) is not None


def from_environment(environ: Mapping[str, str]) -> PipecatCloud:
    """The API that ``environ`` has the key of; raises SetupError that names what is not set."""
    return PipecatCloud(*settings(environ))


def settings(environ: Mapping[str, str]) -> tuple[str, str]:
    """The key and the API's address; raises SetupError for what is not set, or is none."""
    key, api = environ.get(KEY, ""), environ.get(BASE_URL) or API
    if not key:
        raise SetupError(
            f"{KEY} is not set, and sessions are started with it",
            f"export {KEY}=pk_… (`pipecat cloud organizations keys create` makes one)",
        )
    if not re.fullmatch(r"[!-~]+", key):
        raise SetupError(f"{KEY} has characters that no key has", "copy it again, without spaces")
    parts = urlsplit(api)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not (plain or (parts.scheme == "https" and parts.hostname)):
        raise SetupError(f"{BASE_URL} is not an https:// address", f"leave it out, or write {API}")
    return key, api.rstrip("/")


def _refusal(status: int) -> StartError:
    trouble: Trouble = _TROUBLES.get(status, "broken" if status >= 500 else "rejected")
    hint = _HINTS.get(trouble)
    return StartError(trouble, f"Pipecat Cloud answered {status}{f': {hint}' if hint else ''}")


async def _bound(response: httpx.Response) -> None:
    bounded_answers.bound(response, MOST_ANSWER_BYTES)
