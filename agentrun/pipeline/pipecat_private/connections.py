"""Opens, uses and closes the connections of streaming speech services within limited time.

The other end may take nothing any more, and say nothing, with its socket open. Pipecat's own services wait
5 s for each message then, and up to 5 s more for a goodbye; those behind a provider's library wait for as
long as TCP does. A caller who has heard the apology would be kept on the line meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.stt_service import STTService, WebsocketSTTService
from pipecat.services.tts_service import WebsocketTTSService
from pipecat.services.websocket_service import ReportErrorCallback, WebsocketService
from websockets.exceptions import WebSocketException
from websockets.protocol import State

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.pipeline.services.connections import lost_peers

HANDSHAKE_SECONDS = 2.5
"""websockets waits 10 s, and so long would the greeting; a handshake takes three round trips, with TLS."""
SEND_SECONDS = 2.5
"""How long a message may wait for a server that takes nothing any more."""
GOODBYE_SECONDS = 1.0
"""How long a server may take to agree that it is over; then its connection is dropped."""
_DROPPED_SECONDS = 0.5
"""How long a service may need for the rest, once its connection is gone."""
_LOOK_SECONDS = 0.05


def bound_connection(service: object) -> None:
    """Have a service give up a handshake that hangs, notice an end that is gone, and let go of it in time.

    A pipeline starts from one service to the next, so that nothing is heard until each is connected; and it
    ends so, each before the next.
    """
    if isinstance(service, WebsocketService):
        _bound_websockets(service)
    if is_replaceable(service, "_setup_gladia"):
        _bound_gladia(service)
    if hasattr(service, "_connection_settled"):
        _bound_deepgram(service)
    if is_replaceable(service, "_disconnect"):
        _let_go_in_time(service)


def tell_losses(service: object, listener: Callable[[str], None]) -> None:
    """Have ``listener`` told why the connection of a service over a WebSocket has ended by itself.

    Pipecat connects anew, and says so in its log alone; the reason that the other end gave is lost.
    """
    if not isinstance(service, WebsocketService):
        return

    async def lost(message: str, report: ReportErrorCallback, error: Exception | None = None) -> bool:
        if not service._disconnecting:
            listener(str(error) if error else "the other end has closed it")
        again: bool = await go_on(message, report, error)
        return again

    go_on = replace_method(service, "_maybe_try_reconnect", lost)


def _bound_websockets(service: WebsocketService) -> None:
    service._ws_send_timeout, service._ws_close_timeout = SEND_SECONDS, GOODBYE_SECONDS

    async def connect_in_time(uri: str, **kwargs: Any) -> Any:
        connection = await connect(uri, **{"open_timeout": HANDSHAKE_SECONDS, **kwargs})
        lost_peers.watch(connection.transport)
        return connection

    async def let_go() -> None:
        # a goodbye that can't be said is told as an error of the service
        if service._websocket is not None and service._websocket.state is State.CLOSED:
            service._websocket = None
        await say_goodbye()

    connect = replace_method(service, "_websocket_connect", connect_in_time)
    say_goodbye = replace_method(service, "_disconnect_websocket", let_go)


def _bound_gladia(service: Any) -> None:
    """The session of Gladia's, which is asked for over HTTP before each first connection to it.

    Pipecat asks without a limit that fits a call, fails for good where it is refused, and goes back for ever
    to a session that the other end has closed.
    """

    async def connect() -> None:
        if is_open(service._websocket):
            return
        try:
            if not service._session_url:
                async with asyncio.timeout(HANDSHAKE_SECONDS):
                    session = await ask(service._prepare_settings())
                service._session_url, service._session_id = session["url"], session["id"]
        except Exception as error:  # noqa: BLE001 - Pipecat raises a bare one for what was refused
            why = str(error) or f"no session within {HANDSHAKE_SECONDS:g} s"
            await service.push_error(error_msg=f"Unable to connect to Gladia: {why}", exception=error)
            return
        await open_socket()
        if not is_open(service._websocket):
            service._session_url = None

    async def wait_for_the_socket(_settings: Any) -> dict[str, None]:
        return {"url": None, "id": None}

    async def disconnect() -> None:
        service._session_url = None
        await let_go()

    ask = replace_method(service, "_setup_gladia", wait_for_the_socket)
    open_socket = replace_method(service, "_connect_websocket", connect)
    let_go = replace_method(service, "_disconnect", disconnect)


def is_open(socket: Any) -> bool:
    """Whether a socket of Pipecat's kind is there, and open."""
    return socket is not None and socket.state is State.OPEN


def _bound_deepgram(service: Any) -> None:
    """The connections of Deepgram's library, whose messages and farewells have no limit that fits a call."""

    @contextlib.asynccontextmanager
    async def connect_in_time(**wanted: Any) -> AsyncIterator[Any]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(HANDSHAKE_SECONDS):
                    connection = await stack.enter_async_context(connect(**wanted))
            except TimeoutError:
                raise TimeoutError(f"no connection within {HANDSHAKE_SECONDS:g} s") from None
            finally:
                # a pipeline that begins waits for the first try; the next ones are made beside it
                service._connection_settled.set()
            _bound_socket(connection._websocket)
            yield connection

    listen = service._client.listen.v1
    connect, listen.connect = listen.connect, connect_in_time


def _bound_socket(socket: Any) -> None:
    async def send_in_time(message: Any) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)
        except TimeoutError:
            socket.transport.abort()
            raise ConnectionError(f"it took nothing for {SEND_SECONDS:g} s") from None

    lost_peers.watch(socket.transport)
    socket.close_timeout = GOODBYE_SECONDS
    send, socket.send = socket.send, send_in_time


def _let_go_in_time(service: Any) -> None:
    async def disconnect() -> None:
        socket = _socket(service)
        dropping = socket and asyncio.get_running_loop().call_later(GOODBYE_SECONDS, socket.transport.abort)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS + _DROPPED_SECONDS):
                await let_go_of_the_rest()
        except TimeoutError:
            logger.debug("{} was left without a goodbye", service)
        finally:
            if dropping:
                dropping.cancel()

    async def let_go_of_the_rest() -> None:
        try:
            await let_go()
        except (OSError, WebSocketException) as error:
            # what a goodbye that could not be said has left is done when it is asked to once more
            logger.debug("{} was let go of without a goodbye: {}", service, error)
            with contextlib.suppress(OSError, WebSocketException):
                await let_go()

    let_go = replace_method(service, "_disconnect", disconnect)


def _socket(service: Any) -> Any:
    holder = service if isinstance(service, WebsocketService) else getattr(service, "_connection", None)
    return getattr(holder, "_websocket", None)


def is_connected(service: FrameProcessor) -> bool:
    """Whether a speech service can hear, as far as it knows: its socket is open, and its session begun.

    A service without a socket of Pipecat's kind is taken for connected.
    """
    if not isinstance(service, WebsocketSTTService):
        return True
    begun = not isinstance(service, OpenAIRealtimeSTTService) or service._session_ready
    return begun and not service._reconnect_in_progress and is_open(service._websocket)


async def reconnect(service: FrameProcessor) -> None:
    """Connect a streaming speech service anew; after its own attempts it gives up for ever.

    Others connect for each request. A connection that can't be had is told as an ErrorFrame.
    """
    if isinstance(service, WebsocketSTTService):
        await service._do_reconnect()


async def reconnect_in_silence(service: FrameProcessor) -> None:
    """Connect a streaming speech service anew, at the end of what the caller says where they speak.

    What they say meanwhile is given to the new connection.
    """
    if isinstance(service, STTService):
        await service._request_reconnect()


async def connect_anew(voice: FrameProcessor | None, seconds: float) -> None:
    """Drop the connection of a voice that streams and makes no sound any more, and wait for the next one.

    Nothing is said to the other end, which may not even read. Returns after ``seconds`` in any case; Pipecat
    tries on, and says so where it gives up. Any other voice is left alone.
    """
    lost = voice._websocket if isinstance(voice, WebsocketTTSService) else None
    if lost is None:
        return
    assert isinstance(voice, WebsocketTTSService)  # noqa: S101
    lost.transport.abort()
    latest = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < latest:
        await asyncio.sleep(_LOOK_SECONDS)
        now = voice._websocket
        if now is not None and now is not lost and now.state is State.OPEN:
            return
