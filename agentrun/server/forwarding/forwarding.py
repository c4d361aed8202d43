"""Forwards a request to its owner, once, and serves the requests that others forward."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from fastapi import HTTPException
from fastapi.responses import Response
from loguru import logger

from agentrun.server.auth.call_access import is_loopback
from agentrun.server.forwarding.request_tokens import RequestTokens
from agentrun.server.forwarding.signed_names import SignedNames
from agentrun.server.shared_state.backend import Process
from agentrun.server.shared_state.database_errors import DatabaseDownError

CONNECT_SECONDS = 2.0
"""A machine that is there takes a connection at once."""
ANSWER_SECONDS = 15.0
"""How long the owner may take: an offer is answered once its connection knows its own addresses."""
MOST_ANSWER_BYTES = 256 * 1024
PATH = "/forwarded/"
_GONE = "the process that had this is gone, and its calls with it; begin a new call"
_AGAIN = {"Retry-After": "2"}
_TOLD = frozenset({400, 403, 404, 408, 410, 413, 416, 500, 503})
"""What an owner says that its asker passes on; anything else comes of a wrong set-up."""
Body = Mapping[str, Any]
Handler = Callable[[Body], Awaitable[Response]]


class Processes(Protocol):
    """Who serves, as ``shared_state.handover.Handover`` knows it."""

    @property
    def process(self) -> Process:
        """This one."""

    async def find(self, process_id: str) -> Process | None:
        """One of them, or None; raises DatabaseDownError where nobody can say."""

    def at(self, machine: str) -> list[Process]:
        """Those of a machine."""


class Forwarding:
    """What this process asks of others, and what it answers them.

    A request is handed on once: what comes from another process is answered here, whatever it names.
    """

    def __init__(self, processes: Processes, names: SignedNames, tokens: RequestTokens) -> None:
        self.processes = processes
        self.names = names
        self.tokens = tokens
        self.handlers: dict[str, Handler] = {}

    def on(self, what: str, handler: Handler) -> None:
        """Have ``handler`` answer when another process asks for ``what``."""
        self.handlers[what] = handler

    def elsewhere(self, name: object) -> str | None:
        """The process that made ``name``, where that is another one."""
        owner = self.names.owner(name)
        return owner if owner != self.processes.process.id else None

    async def ask(self, owner: str, what: str, body: Body) -> Any:
        """The owner's answer, from JSON.

        Raises HTTPException: what the owner said, 410 for one that is gone, 503 for one that can't be asked.
        """
        async with self.asking(await self._owner(owner), what, body) as answer:
            raw = await answer.content.read(MOST_ANSWER_BYTES + 1)
            while len(raw) <= MOST_ANSWER_BYTES and (more := await answer.content.read(MOST_ANSWER_BYTES)):
                raw += more
        try:
            return json.loads(raw[: MOST_ANSWER_BYTES + 1])
        except ValueError:
            raise HTTPException(503, "the process that has this answers nothing that can be read") from None

    @contextlib.asynccontextmanager
    async def asking(
        self,
        owner: Process,
        what: str,
        body: Body,
        seconds: float | None = ANSWER_SECONDS,
        more: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The owner's answer as it comes; ``seconds`` are for all of it, None for one of any length.

        ``more`` are headers of the request. Raises HTTPException as ``ask`` does.
        """
        raw = json.dumps(dict(body)).encode()
        headers = {
            **(more or {}),
            "Authorization": f"Bearer {self.tokens.make(owner.id, what, raw)}",
            "Content-Type": "application/json",
        }
        timeout = aiohttp.ClientTimeout(seconds, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.post(
                    owner.address + PATH + what, data=raw, headers=headers, allow_redirects=False
                ) as answer,
            ):
                if answer.status >= 300:
                    raise await self._refusal(owner, answer)
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("{} of {} does not answer: {}", owner.id, owner.machine, type(error).__name__)
            words = "the process that has this does not answer; try again in a moment"
            raise HTTPException(503, words, _AGAIN) from None

    async def _owner(self, name: str) -> Process:
        try:
            owner = await self.processes.find(name)
        except DatabaseDownError:
            raise HTTPException(503, "nobody can say now which process has this", _AGAIN) from None
        if owner is None:
            raise HTTPException(410, _GONE)
        if not self.is_reachable(owner):
            words = f"this is at the machine '{owner.machine}', which no other reaches: see --private-host"
            raise HTTPException(503, words)
        return owner

    def is_reachable(self, owner: Process) -> bool:
        """Whether ``owner`` can be asked from here: its address is one of this machine's own, or private."""
        host = urlsplit(owner.address).hostname or ""
        return bool(host) and (not is_loopback(host) or owner.machine == self.processes.process.machine)

    async def _refusal(self, owner: Process, answer: aiohttp.ClientResponse) -> HTTPException:
        raw = await asyncio.wait_for(answer.content.read(16 * 1024), CONNECT_SECONDS)
        with contextlib.suppress(ValueError, AttributeError):
            if answer.status in _TOLD and isinstance(detail := json.loads(raw).get("detail"), str):
                kept = {k: v for k, v in answer.headers.items() if k in ("Retry-After", "Content-Range")}
                return HTTPException(answer.status, detail, kept or None)
        if answer.status == 416:
            there = {"Content-Range": answer.headers.get("Content-Range", "bytes */*")}
            return HTTPException(416, "there is no such range", there)
        words = "{} of {} refuses what is handed on to it ({}): do both have the same secrets?"
        logger.error(words, owner.id, owner.machine, answer.status)
        return HTTPException(503, "the process that has this refuses to be asked; the server's log says more")
