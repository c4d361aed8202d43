"""Delivers WebSocket messages the moment they arrive.

uvicorn puts each message into a queue, stops to read from the connection, and wakes the task that waits for
it, which has the connection read again. A telephone sends fifty messages a second, and most of them only want
to be handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from agentrun.http import cut_connections, keepalive

EXTENSION = "agentrun.prompt_messages"
"""In a connection's ``extensions``: its ``listen``."""
Taker = Callable[[str], bool]
"""Given the text of a message, it returns at once whether it has taken it; what it leaves is queued."""


class PromptMessagesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which offers text messages to a ``Taker`` first.

    Messages keep their order: while one is queued, those behind it are queued as well.
    """

    _taker: Taker | None = None

    def handle_connect(self, event: Request) -> None:
        """Somebody asks for a WebSocket."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cut_connections.allow(self.scope, self.transport)
            extensions: Any = self.scope["extensions"]
            extensions[EXTENSION] = self.listen
            keepalive.allow(self.scope, self.ask_often)

    def ask_often(self, every: float, within: float) -> None:
        """Ping every so many seconds, and end the connection where no answer comes within as many."""
        self.ping_interval, self.ping_timeout = every, within

    def keepalive_timeout(self) -> None:
        """No answer has come: nobody waits for a peer to take what is still to be sent."""
        super().keepalive_timeout()
        self.transport.abort()

    def listen(self, taker: Taker) -> None:
        """Ask ``taker`` about each text message from now on."""
        self._taker = taker

    def send_receive_event_to_app(self) -> None:
        """A message is whole."""
        if not self._is_taken():
            super().send_receive_event_to_app()

    def _is_taken(self) -> bool:
        if self._taker is None or self.curr_msg_data_type != "text" or self.close_sent:
            return False
        if not self.queue.empty():
            return False
        try:
            text = b"".join(self.frames).decode()
        except UnicodeDecodeError:
            return False
        return self._taker(text)


def listen(websocket: Any, taker: Taker) -> None:
    """Have ``taker`` asked about the text messages of an ASGI ``websocket``, such as FastAPI's.

    On another server than this project's, all messages are received as usual.
    """
    scope: Mapping[str, Any] = getattr(websocket, "scope", {})
    if begin := (scope.get("extensions") or {}).get(EXTENSION):
        begin(taker)
