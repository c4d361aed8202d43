"""A media stream's end: a caller who hung up is told from a line that was lost."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from fastapi import FastAPI, WebSocket
from pipecat.frames.frames import EndFrame, InputAudioRawFrame
from websockets.asyncio.client import connect

from agentrun.http import prompt_messages
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.testing import virtual_time
from agentrun.transports.caller_audio import CallerAudio
from agentrun.transports.twilio import Serializer
from agentrun.transports.twilio_control import TwilioControl
from agentrun.transports.twilio_socket import SEND_SECONDS, SILENT_SECONDS, MediaStreamSocket
from tests.calls.desk import until


class Wire:
    """A WebSocket that gives messages, and then nothing for ever."""

    path = "/stream"

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = list(messages)

    async def receive(self) -> dict[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)


def socket(*messages: dict[str, Any]) -> MediaStreamSocket:
    return MediaStreamSocket(cast(WebSocket, Wire(*messages)))


def text(**event: Any) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": json.dumps(event)}


MEDIA = text(event="media", media={"track": "inbound", "payload": "/w=="})


async def test_stop_is_the_hang_up_though_the_socket_stays_open() -> None:
    stream = socket(MEDIA, text(event="stop", stop={"callSid": "CA1"}))
    assert (await stream.receive())["type"] == "websocket.receive"
    assert (await stream.receive())["type"] == "websocket.disconnect"
    assert stream.hung_up
    assert stream.lost == ""


async def test_words_about_a_stop_are_no_stop() -> None:
    stream = socket(
        text(event="mark", mark={"name": "stop"}), {"type": "websocket.receive", "text": '{"stop"'}
    )
    assert [(await stream.receive())["type"] for _ in range(2)] == ["websocket.receive"] * 2
    assert not stream.hung_up


@pytest.mark.parametrize(
    ("code", "lost"), [(1000, False), (1001, False), (1005, False), (1006, True), (1011, True)]
)
async def test_a_connection_that_breaks_off_is_a_lost_line(code: int, lost: bool) -> None:
    stream = socket({"type": "websocket.disconnect", "code": code, "reason": ""})
    await stream.receive()
    assert bool(stream.lost) is lost
    assert not stream.hung_up


async def test_a_message_that_is_too_large_for_the_line_is_named() -> None:
    stream = socket({"type": "websocket.disconnect", "code": 1009, "reason": ""})
    await stream.receive()
    assert stream.lost == "the line was lost: a message was too large for it (1009)"


def test_a_peer_that_is_silent_is_a_lost_line() -> None:
    stream = socket(MEDIA)

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        while (await stream.receive())["type"] != "websocket.disconnect":
            pass
        return asyncio.get_running_loop().time() - began

    assert SILENT_SECONDS <= virtual_time.run(main()) < SILENT_SECONDS + 1
    assert "nothing came from Twilio" in stream.lost


class PromptWire(Wire):
    """A WebSocket of this project's server, which asks about each message first."""

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[str], bool] = lambda _text: False
        self.scope = {"extensions": {prompt_messages.EXTENSION: self.listen}}

    def listen(self, taker: Callable[[str], bool]) -> None:
        self.ask = taker


def test_sound_that_is_taken_as_it_comes_keeps_the_line() -> None:
    wire = PromptWire()
    stream = MediaStreamSocket(cast(WebSocket, wire))
    stream.listen(lambda text: text == "sound")

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        assert not wire.ask("sound"), "before the transport receives"
        end = asyncio.create_task(stream.receive())
        for _ in range(5):
            await asyncio.sleep(SILENT_SECONDS * 2 / 3)
            assert wire.ask("sound")
            assert not wire.ask("a key")
        assert (await end)["type"] == "websocket.disconnect"
        return asyncio.get_running_loop().time() - began

    assert virtual_time.run(main()) == pytest.approx(SILENT_SECONDS * 10 / 3 + SILENT_SECONDS, abs=1)
    assert "nothing came from Twilio" in stream.lost


def test_the_rest_is_the_socket_s_own() -> None:
    assert socket().path == "/stream"


def serializer(stream: MediaStreamSocket) -> Serializer:
    made = Serializer(
        TwilioControl("MZ1", "CA1", {}),
        stream,
        CallerAudio(),
        stream_sid="MZ1",
        call_sid="CA1",
        params=Serializer.InputParams(auto_hang_up=True),
        account_sid="AC1",
        auth_token="secret",
        base_url="http://127.0.0.1:9",
    )
    made._sample_rate = 8000
    return made


@pytest.mark.parametrize(
    ("track", "is_caller"), [("inbound", True), (None, True), ("outbound", False), ("outbound_track", False)]
)
async def test_the_agent_s_own_sound_is_not_the_caller(track: str | None, is_caller: bool) -> None:
    media = {"payload": base64.b64encode(b"\xff" * 320).decode(), **({"track": track} if track else {})}
    frame = await serializer(socket()).deserialize(json.dumps({"event": "media", "media": media}))
    assert isinstance(frame, InputAudioRawFrame) is is_caller


async def test_a_caller_who_hung_up_is_not_hung_up_on() -> None:
    stream = socket(text(event="stop", stop={}))
    await stream.receive()
    hanging_up = serializer(stream)
    assert await hanging_up.serialize(EndFrame()) is None
    assert not hanging_up._hangup_attempted


async def test_uvicorn_s_word_for_a_connection_that_nobody_closed_is_a_lost_line() -> None:
    """It gives the code of a close without one, and no reason: see its protocol's ``connection_lost``."""
    stream = socket({"type": "websocket.disconnect", "code": 1005})
    await stream.receive()
    assert stream.lost


class SlowWire(Wire):
    """A peer that sends all the time, and takes nothing for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self.taken = list[str]()

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return MEDIA

    async def send_text(self, data: str) -> None:
        """Wait until there is room."""
        await asyncio.sleep(self._seconds)
        self.taken.append(data)


@pytest.mark.parametrize(("seconds", "lost"), [(SEND_SECONDS - 1, False), (SEND_SECONDS + 1, True)])
def test_a_peer_that_takes_nothing_any_more_is_a_lost_line(seconds: float, lost: bool) -> None:
    wire = SlowWire(seconds)
    stream = MediaStreamSocket(cast(WebSocket, wire))
    clock, ended = list[float](), list[float]()

    async def receive() -> None:
        while (await stream.receive())["type"] != "websocket.disconnect":
            pass
        ended.append(asyncio.get_running_loop().time())

    async def main() -> None:
        clock.append(asyncio.get_running_loop().time())
        receiving = asyncio.create_task(receive())
        await stream.send_text("sound")
        await stream.send_text("more sound")
        await asyncio.sleep(1)
        receiving.cancel()

    virtual_time.run(main())
    assert bool(ended) is lost
    assert ("took nothing" in stream.lost) is lost
    assert wire.taken == ([] if lost else ["sound", "more sound"])
    if lost:
        assert ended[0] - clock[0] == pytest.approx(SEND_SECONDS, abs=0.1)


class DeafPeer:
    """A peer on a real connection that sends, and takes nothing; the call is at the other end."""

    def __init__(self, *, until_lost: bool) -> None:
        self._until_lost = until_lost
        self.stream: MediaStreamSocket | None = None
        self.ended: list[dict[str, Any]] = []
        self.closed = asyncio.Event()

    async def call(self, websocket: WebSocket) -> None:
        """Speak until nothing is taken any more."""
        await websocket.accept()
        self.stream = stream = MediaStreamSocket(websocket)
        receiving = asyncio.create_task(self._receive(stream))
        speaking = asyncio.create_task(self._speak(stream))
        await asyncio.wait({speaking}, timeout=None if self._until_lost else SEND_SECONDS / 2)
        speaking.cancel()
        await stream.close()
        await receiving
        self.closed.set()

    async def _receive(self, stream: MediaStreamSocket) -> None:
        while (message := await stream.receive())["type"] != "websocket.disconnect":
            pass
        self.ended.append(message)

    async def _speak(self, stream: MediaStreamSocket) -> None:
        while not stream.lost:
            await stream.send_text("x" * 20_000)


@pytest.mark.parametrize("until_lost", [True, False], ids=["lost", "closed before"])
def test_the_connection_of_a_peer_that_takes_nothing_ends(until_lost: bool) -> None:
    async def main() -> MediaStreamSocket | None:
        peer, app = DeafPeer(until_lost=until_lost), FastAPI()
        app.add_api_websocket_route("/", peer.call)
        sock = bind("127.0.0.1", 0)
        async with (
            asyncio.timeout(60),
            serving(app, sock) as server,
            connect(
                f"ws://127.0.0.1:{sock.getsockname()[1]}/", compression=None, ping_interval=None
            ) as client,
        ):
            client.transport.pause_reading()
            await client.send(MEDIA["text"])
            async with asyncio.timeout(SEND_SECONDS * 3):
                await peer.closed.wait()
                await until(lambda: not server.server_state.connections, SEND_SECONDS)
            assert len(peer.ended) == 1
            client.transport.abort()
        return peer.stream

    stream = virtual_time.run(main())
    assert stream
    assert ("took nothing" in stream.lost) is until_lost
