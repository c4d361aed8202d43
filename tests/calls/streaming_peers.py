"""Speech services over a WebSocket, spoken to as their providers' are, and what goes wrong there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

HEALTHY = ""
SLOW_SECONDS, LATE_SECONDS = 3.5, 9.0
"""Within ``limits.answer`` of the quick calls, and beyond it."""


class Peer:
    """A server on loopback that has the ``faults`` of one connection after another, and is well after them.

    ``refused`` and ``hung`` strike at the handshake, all others at the end of an utterance: ``deaf`` reads
    and says nothing, not even goodbye; ``unread`` does not even read, so that no closing handshake comes;
    ``closed`` ends the connection there, ``dropped`` breaks it off, ``error`` says what is wrong as the
    protocol does, ``malformed`` says nothing that can be read. ``slow`` and ``late`` answer after
    ``SLOW_SECONDS`` and ``LATE_SECONDS``, ``twice`` once more a second later. Before any of it so many
    utterances are answered as it is ``well_for``; in the first ``wordless`` ones there are no words.
    """

    overrides: tuple[tuple[str, str], ...] = ()
    """Of a spec that names it; ``{address}`` is its own."""
    key = ""
    """The variable that such a spec wants."""
    complaint = ""
    """What it says is wrong."""

    def __init__(self, faults: Sequence[str] = (), well_for: int = 0, wordless: int = 0) -> None:
        self.faults = list(faults)
        self.wordless = wordless
        self.well_for = well_for
        self.connections = self.ended = 0
        """How often it was connected to, and how many utterances ended there."""
        self.told: list[str] = []
        """What was heard or spoken, over whichever connection."""
        self._server: Server | None = None
        self._struck: dict[ServerConnection, str] = {}
        self._beside: set[asyncio.Task[Any]] = set()
        self._last: asyncio.Task[Any] | None = None

    @property
    def address(self) -> str:
        """Where it listens, as ``ws://HOST:PORT``."""
        assert self._server
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            *(self._talk, "127.0.0.1", 0),
            process_request=self._admit,
            ping_interval=None,
            open_timeout=None,
            close_timeout=0.1,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        for task in self._beside:
            task.cancel()
        for connection in self._struck:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _admit(self, socket: ServerConnection, _request: Request) -> Response | None:
        self.connections += 1
        fault = self.faults.pop(0) if self.faults else HEALTHY
        self._struck[socket] = fault
        if fault == "refused":
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded")
        if fault == "hung":
            await self._forever()
        return None

    async def _talk(self, socket: ServerConnection) -> None:
        try:
            await self.greet(socket)
            async for message in socket:
                if self.is_goodbye(message):
                    if self._struck[socket] != "deaf":
                        await self.part(socket)
                    continue
                ends = self.ends(message)
                self.ended += ends
                fault = self._struck[socket] if self.ended > self.well_for else HEALTHY
                await self._answer(socket, message, fault, ends=ends)
        except ConnectionClosed:
            pass

    async def _answer(
        self, socket: ServerConnection, message: str | bytes, fault: str, *, ends: bool
    ) -> None:
        delay = {"slow": SLOW_SECONDS, "late": LATE_SECONDS}.get(fault, 0.0)
        if fault in (HEALTHY, "well", "slow", "late", "twice"):
            self.wordless -= ends
            if delay:
                self._later(delay, socket, message)
            elif self.wordless < 0 or not ends:
                await self.answer(socket, message)
            if fault == "twice" and ends:
                self._later(1.0, socket, message)
        elif fault == "unread" and ends:
            await self._forever()
        elif fault == "closed" and ends:
            await socket.close(1011, "gone")
        elif fault == "dropped" and ends:
            socket.transport.abort()
        elif fault == "malformed" and ends:
            for rubbish in ("{", "[1]", '{"type": 7}', '{"type": "transcript"}', "null", b"\xff\x00"):
                await socket.send(rubbish)
        elif fault == "error" and ends:
            await self.complain(socket, message)

    def _later(self, seconds: float, socket: ServerConnection, message: str | bytes) -> None:
        """Timers of the same moment go off in any order: each answer waits for the one before it."""
        before = self._last

        async def answer() -> None:
            await asyncio.sleep(seconds)
            if before:
                await asyncio.wait({before})
            with contextlib.suppress(ConnectionClosed):
                await self.answer(socket, message)

        task = self._last = asyncio.create_task(answer())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _forever(self) -> None:
        """Until the server is closed, which waits for whoever talks there."""
        task = asyncio.current_task()
        assert task
        self._beside.add(task)
        await asyncio.Event().wait()

    def ends(self, message: str | bytes) -> bool:
        """Whether a message is the end of what is to be written down or said."""
        raise NotImplementedError

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        """Do as a healthy server does."""
        raise NotImplementedError

    async def greet(self, socket: ServerConnection) -> None:
        """Say what a server says first, where it does."""

    def is_goodbye(self, _message: str | bytes) -> bool:
        """Whether a message says that the session is over."""
        return False

    async def part(self, socket: ServerConnection) -> None:
        """Say that it is."""

    async def complain(self, socket: ServerConnection, message: str | bytes) -> None:
        """Say that something is wrong, and go on or not, as the protocol has it."""
        raise NotImplementedError
