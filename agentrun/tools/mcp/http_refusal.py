"""Explains what an MCP server over HTTP answered instead of MCP, and what to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

PROBE_SECONDS = 5.0
_STATUS_WORDS = frozenset({"Server returned an error response", "Not Found"})
"""What the package ``mcp`` makes of every status of HTTP that is an error."""
_SSE = (
    "it speaks HTTP with SSE, MCP's transport of 2024, which is not spoken here: give the address of its "
    "streamable HTTP, often one that ends in /mcp"
)
_SESSION = "mcp-session-id"
_TERMINATED = "Session terminated"
"""What ``mcp`` makes of a 404 without an error of JSON-RPC in it."""
_READ = (-32601, -32602)
"""Codes of a request that the server has read: it has no such method, or not with these arguments."""
_MOST_UNREAD = 100
"""Of how many refusals the words are kept, of one session."""
_REMEDIES = {
    401: "its key is missing, wrong or has expired: see `headers:`, as in "
    '`headers: {Authorization: "Bearer ${SHOP_TOKEN}"}`',
    403: "the key in `headers:` is not allowed to use it",
    404: "there is no MCP server at this path, which often ends in /mcp",
    405: "what is at this path takes no requests of MCP, whose path often ends in /mcp",
    429: "it has had too many requests",
}


class HttpRefusal:
    """Watches the answers of one server: ``status`` is the last request's where HTTP refused it, else 0."""

    def __init__(self) -> None:
        self.status = 0
        self._token_trouble = ""
        self._is_sse = False
        self._unread: deque[str] = deque(maxlen=_MOST_UNREAD)

    def no_token(self, why: str) -> None:
        """Why there is no token to be shown; nothing once there is one."""
        self._token_trouble = why

    async def note(self, response: httpx2.Response) -> None:
        """Look at an answer; a hook of httpx2. A server need not have the stream that a GET asks for."""
        if response.request.method == "POST":
            self.status = response.status_code if response.status_code >= 400 else 0
            if self.status in (400, 404) and _SESSION in response.request.headers:
                self._unread.append(await _refused_in(response))
                if self.status == 404:
                    self._unread.append(_TERMINATED)

    def is_forgotten(self, message: str) -> bool:
        """Whether ``message`` refuses a request unread, for the server does not know its session any more.

        MCP's specification has 404 for it, and ``mcp`` or the server its words; many servers answer 400.
        https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#session-management
        """
        return message in self._unread and "session" in message.lower()

    async def look_for_sse(self, web: httpx2.AsyncClient, url: str) -> None:
        """Find out whether a server that took no first request has MCP's older transport at ``url``.

        As MCP's specification has it: https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
        """
        if self.status not in (400, 404, 405):
            return
        errors = _errors()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                async with web.stream("GET", url, headers={"Accept": "text/event-stream"}) as answer:
                    kind = answer.headers.get("content-type", "")
                    if answer.status_code == 200 and kind.startswith("text/event-stream"):
                        first = await anext(answer.aiter_lines(), "")
                        self._is_sse = first.replace(" ", "") == "event:endpoint"
        except errors:
            # it is only asked to say more of a server that can't be used anyway
            return

    def words(self, message: str) -> str:
        """What ``message``, which ``mcp`` says of any refused request, hides; empty where it hides nothing.

        >>> refusal = HttpRefusal()
        >>> refusal.status = 429
        >>> refusal.words("Server returned an error response")
        'it answered 429 Too Many Requests: it has had too many requests'
        """
        if not self.status or message not in _STATUS_WORDS:
            return ""
        if self._is_sse:
            return _SSE
        try:
            name = f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            name = str(self.status)
        remedy = (
            self._token_trouble
            or _REMEDIES.get(self.status)
            or ("its own log says why" if self.status >= 500 else "")
        )
        return f"it answered {name}" + (f": {remedy}" if remedy else "")


async def _refused_in(response: httpx2.Response) -> str:
    """The words in which an error of JSON-RPC refuses a request; empty where the server has read that."""
    error: Any = None
    if response.headers.get("content-type", "").lower().startswith("application/json"):
        with contextlib.suppress(*_errors(), RecursionError):
            answer = json.loads(await response.aread())
            error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return ""
    words: str = error["message"]
    return "" if error.get("code") in _READ and not words.lower().startswith("session") else words


def _errors() -> tuple[type[Exception], ...]:
    import httpx2

    return OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError
