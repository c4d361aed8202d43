"""The connection to one MCP server: lists its tools, and reconnects when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from loguru import logger

from agentrun.background_tasks import BackgroundTasks
from agentrun.errors import ToolError, UnavailableError
from agentrun.tools.author_errors import AuthoredError, authored
from agentrun.tools.mcp import listing
from agentrun.tools.mcp.address import Address
from agentrun.tools.mcp.http_refusal import HttpRefusal
from agentrun.tools.mcp.listing import Listing

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

OPEN_SECONDS = 60.0
"""Timeout for connecting; a program may have to be downloaded first."""
LIST_SECONDS = 10.0
REFRESH_SECONDS = 60.0
"""How often a server's tools are listed, so that calls get new tools and a dead server is noticed."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between attempts to connect; each pause is twice the one before."""
NOT_THERE = "{name} is not available at the moment. Say so, and offer to try again later."
LOST = "{name} gave no result: the connection was lost, and it may or may not have taken effect. Say so."
UNUSABLE = "{name} gave a result that can't be used, and it may have taken effect. Say so."
AGAIN_SECONDS = 5.0
"""How long a call waits for another session when the server has forgotten the one that it was made in."""
_ENDED = ("Connection closed", "SSE stream ")
"""How what the package ``mcp`` says begins where a session, or an answer, ended under a request."""
MOST_WORDS = 300


class _ForgottenError(Exception):
    """The server no longer knows the session, so it has not executed the request."""


class Connection:
    """Keeps a session with one server from ``open`` to ``close``; every call and every agent may use it.

    ``listing`` is None until the server has said for the first time which tools it has, and stays when it is
    lost. ``trouble`` says in one line why there is no session now.
    """

    def __init__(self, address: Address, known: Listing | None = None) -> None:
        self.address = address
        self.listing = known
        self.trouble = ""
        self.tried = asyncio.Event()
        """Set once the first attempt to connect has ended, whatever its end."""
        self._refusal = HttpRefusal()
        self._client: Client | None = None
        self._listed: list[Tool] = []
        self._running = 0
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._background: tuple[BackgroundTasks, str] | None = None

    @property
    def is_up(self) -> bool:
        """Whether there is a session that is not known to be dead."""
        return self._client is not None

    def open(self, background: BackgroundTasks | None = None) -> None:
        """Start connecting, and return at once; ``background`` restarts the task that keeps the session."""
        if self._keeping or self._background:
            return
        if background:
            self._background = background, background.start(f"mcp {self.address.label}", self._keep)
        else:
            self._keeping = asyncio.create_task(self._keep(), name=f"mcp {self.address.label}")

    async def close(self) -> None:
        """End the session, and the program that was started for it."""
        if self._background:
            background, name = self._background
            await background.stop(name)
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call one of the server's tools; raises ToolError with an explanation for the model.

        A server that was started anew has forgotten the session, and is asked once more in another one.
        """
        await self.tried.wait()
        try:
            return await self._call(name, arguments)
        except _ForgottenError:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._up.wait(), AGAIN_SECONDS)
        try:
            return await self._call(name, arguments)
        except _ForgottenError:
            raise self._unavailable(name, "it has forgotten its session twice") from None

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        client = self._client
        if client is None:
            raise self._unavailable(name, self.trouble or "it is not connected")
        refusal = self._refusal
        try:
            self._running += 1
            with authored():
                return await client.call_tool(name, dict(arguments))
        except AuthoredError as error:
            if refusal.is_forgotten(str(error.error)):
                self._lose(client, error)
                raise _ForgottenError from None
            if trouble := refusal.words(str(error.error)):
                logger.error("MCP server {} refused {}: {}", self.address.label, name, trouble)
                raise self._unavailable(name, trouble) from None
            if words := _refusal(error.error):
                raise ToolError(f"{name} was refused: {words}") from None
            if self._client is client and not _is_lost(error.error):
                log = logger.opt(exception=error.error)
                log.error("MCP server {} gave an unusable result of {}", self.address.label, name)
                raise ToolError(UNUSABLE.format(name=name)) from None
            self._lose(client, error)
            raise ToolError(LOST.format(name=name)) from None
        finally:
            self._running -= 1

    def _unavailable(self, name: str, why: str) -> UnavailableError:
        return UnavailableError(NOT_THERE.format(name=name), f"MCP server {self.address.label}: {why}")

    def _lose(self, client: Client, error: AuthoredError) -> None:
        """The session of ``client`` has ended, unless another one has begun since."""
        if self._client is client:
            self._client = None
            self._up.clear()
            self.trouble = self._words(error)
            self._lost.set()

    async def _keep(self) -> None:
        """Connect, and reconnect whenever the session is lost, until cancelled."""
        label, pause = self.address.label, FIRST_PAUSE
        while True:
            try:
                with authored():
                    await self._stay()
            except AuthoredError as error:
                self.trouble = self.trouble or self._words(error)
            finally:
                was_up = self.is_up or self._lost.is_set()
                self._client = None
                self._up.clear()
                self.tried.set()
            pause = FIRST_PAUSE if was_up else min(pause * 2, LONGEST_PAUSE)
            what = "was lost" if was_up else "can't be reached"
            logger.error("MCP server {} {}: {}; next attempt in {:g} s", label, what, self.trouble, pause)
            await asyncio.sleep(pause)

    async def _stay(self) -> None:
        """Run one session until it is lost; raises whatever ended it."""
        # Half a second of imports, in which no call would be heard.
        client_module = await asyncio.to_thread(import_module, "agentrun.tools.mcp.client")
        self._lost.clear()
        self.trouble, self._refusal = "", HttpRefusal()
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(OPEN_SECONDS):
                client = await stack.enter_async_context(client_module.opened(self.address, self._refusal))
            await self._list(client_module.tools_of(client))
            logger.info("MCP server {} has {} tools", self.address.label, len(self._listed))
            self._client = client
            self._up.set()
            self.tried.set()
            is_late, pause = False, REFRESH_SECONDS
            while not await _is_set_within(self._lost, pause):
                try:
                    await self._list(client_module.tools_of(client))
                except TimeoutError:
                    # A program that works for one after the other is not killed under those whom it serves.
                    if is_late and not self._running:
                        raise
                    logger.warning("MCP server {} is late with its tools: asked again", self.address.label)
                    is_late, pause = True, LIST_SECONDS
                else:
                    is_late, pause = False, REFRESH_SECONDS

    async def _list(self, asked: Coroutine[Any, Any, list[Tool]]) -> None:
        async with asyncio.timeout(LIST_SECONDS):
            listed = await asked
            if listed != self._listed or self.listing is None:
                self.listing = await asyncio.to_thread(listing.read, listed)
                self._listed = listed

    def _words(self, error: AuthoredError) -> str:
        cause = error.error
        while isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
            cause = cause.exceptions[0]
        if words := self._refusal.words(str(cause)):
            return words
        text = " ".join(f"{type(cause).__name__}: {cause}".split())
        return self.address.without_secrets(text)[:MOST_WORDS]


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _is_lost(error: BaseException) -> bool:
    """Whether the connection has gone with an error, and so everybody's requests with it.

    A result that isn't as its tool's schema says costs its own request alone: ``mcp`` raises RuntimeError for
    it, and pydantic's ValidationError for what is no result at all.
    """
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_lost, error.exceptions))
    return not isinstance(error, (RuntimeError, ValueError, TypeError))


def _refusal(error: BaseException) -> str:
    """What a server that is well said against a request; empty when the server is lost."""
    from mcp import MCPError

    if not isinstance(error, MCPError) or error.message.startswith(_ENDED):
        return ""
    return error.message[:MOST_WORDS]
