"""The WebSocket between Twilio and the agent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.twilio import twiml

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0


class Closing(NamedTuple):
    """Why a socket closed: WebSocket's code, 1006 when it broke, and the reason given."""

    code: int
    reason: str


class MediaSocket:
    """Sends in the order of ``send``, each message up to ``jitter`` seconds late.

    ``wait`` gives the delay of the next message, in seconds.
    """

    def __init__(self, socket: ClientConnection, wait: Callable[[], float]) -> None:
        self._socket = socket
        self._wait = wait
        self._queue: asyncio.Queue[tuple[float, str]] = asyncio.Queue()

    @classmethod
    async def open(cls, url: str, wait: Callable[[], float]) -> MediaSocket:
        """Connect; raises RefusedError when the server does not open the socket."""
        local = twiml.is_loopback(urlsplit(url).hostname or "")
        try:
            socket = await connect(
                url,
                compression=None,
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                ping_interval=None,
                proxy=None if local else True,
            )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            raise RefusedError(
                f"the stream {url} can't be opened: {error or type(error).__name__}",
                "silence, then the end of the call",
                "does the public address lead to this server?",
            ) from None
        return cls(socket, wait)

    def send(self, message: str) -> None:
        """Queue a message."""
        self._queue.put_nowait((asyncio.get_running_loop().time() + self._wait(), message))

    async def run_sending(self) -> None:
        """Send what is queued until cancelled; what a closed socket can't take is dropped."""
        loop = asyncio.get_running_loop()
        while True:
            due, message = await self._queue.get()
            try:
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await self._socket.send(message)
            except ConnectionClosed:
                continue
            finally:
                self._queue.task_done()

    async def run_receiving(self, take: Callable[[str | bytes], None]) -> Closing:
        """Hand every message to ``take`` until the socket closes; returns why it did."""
        try:
            while True:
                take(await self._socket.recv())
        except ConnectionClosed:
            return Closing(self._socket.close_code or 1006, self._socket.close_reason or "")

    async def close(self) -> None:
        """Send what is left, unless the far end no longer reads, and close."""
        try:
            await asyncio.wait_for(self._queue.join(), _CLOSE_SECONDS)
        except TimeoutError:
            self._socket.transport.abort()
        await self._socket.close()

    def drop(self) -> None:
        """Break the connection without a word."""
        self._socket.transport.abort()
