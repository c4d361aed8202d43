"""What a page may say over a WebSocket: its sound and its messages, and no more of them than it spoke."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import struct
from typing import Any, cast

import pytest
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.frames.protobufs import frames_pb2
from websockets.asyncio.client import connect

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.audio.resampling import PromptResampler
from agentrun.testing import virtual_time
from agentrun.transports import page_socket
from agentrun.transports.page_socket import AHEAD_SECONDS, RATE_IN, RATES, PageSerializer, PageSocket
from tests.calls.desk import until


def wire() -> Any:
    """A frame as it goes over the wire, which has no types."""
    return frames_pb2.Frame()  # type: ignore[attr-defined]


def sound(seconds: float = 0.02, rate: int = RATE_IN, channels: int = 1, odd: int = 0) -> bytes:
    frame = wire()
    frame.audio.audio = bytes(int(seconds * rate) * 2 * channels + odd)
    frame.audio.sample_rate, frame.audio.num_channels = rate, channels
    whole: bytes = frame.SerializeToString()
    return whole


def message(data: str) -> bytes:
    frame = wire()
    frame.message.data = data
    whole: bytes = frame.SerializeToString()
    return whole


def text() -> bytes:
    frame = wire()
    frame.text.text = "Say this."
    whole: bytes = frame.SerializeToString()
    return whole


def transcription() -> bytes:
    frame = wire()
    frame.transcription.text, frame.transcription.user_id = "I said this.", "u"
    whole: bytes = frame.SerializeToString()
    return whole


async def read(data: str | bytes) -> Frame | None:
    return await PageSerializer(PromptResampler()).deserialize(data)


async def test_sound_and_messages_are_taken() -> None:
    heard = await read(sound())
    assert isinstance(heard, InputAudioRawFrame)
    assert (len(heard.audio), heard.sample_rate, heard.num_channels) == (640, RATE_IN, 1)
    asked = await read(message(json.dumps({"label": "rtvi-ai", "type": "client-ready", "id": "1"})))
    assert isinstance(asked, InputTransportMessageFrame)
    assert asked.message["type"] == "client-ready"


def tone(rate: int, piece: int) -> bytes:
    """The piece of 20 ms with this number of a tone of 400 Hz."""
    frame, length = wire(), rate // 50
    samples = [
        round(9_000 * math.sin(math.tau * 400 * at / rate))
        for at in range(piece * length, (piece + 1) * length)
    ]
    frame.audio.audio = struct.pack(f"<{length}h", *samples)
    frame.audio.sample_rate, frame.audio.num_channels = rate, 1
    whole: bytes = frame.SerializeToString()
    return whole


@pytest.mark.parametrize("rate", RATES)
async def test_sound_at_any_usual_rate_is_heard(rate: int) -> None:
    serializer, heard = PageSerializer(PromptResampler()), b""
    for piece in range(50):
        frame = await serializer.deserialize(tone(rate, piece))
        assert isinstance(frame, InputAudioRawFrame)
        assert (frame.sample_rate, frame.num_channels) == (RATE_IN, 1)
        heard += frame.audio
    samples = struct.unpack(f"<{len(heard) // 2}h", heard)
    assert len(samples) == pytest.approx(RATE_IN, rel=0.01)
    assert max(samples) == pytest.approx(9_000, rel=0.03)
    rises = sum(one < 0 <= next_one for one, next_one in itertools.pairwise(samples))
    assert rises == pytest.approx(400, abs=8)


async def test_sound_that_is_not_heard_is_said_once() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", level="WARNING")
    try:
        serializer = PageSerializer(PromptResampler())
        for _ in range(3):
            assert await serializer.deserialize(sound(channels=2)) is None
    finally:
        logger.remove(sink)
    assert len(lines) == 1
    assert "a page's sound is not heard: 16000 Hz, 2 channels" in lines[0]


@pytest.mark.parametrize(
    "data",
    [
        text(),
        transcription(),
        message("[1]"),
        message("no json"),
        message("[" * 100_000),
        sound(rate=47_999),
        sound(rate=4_294_967_291, seconds=1e-6),
        sound(channels=2),
        sound(odd=1),
        b"",
        b"\xff\x00junk",
        "text",
    ],
    ids=[
        "text",
        "words",
        "list",
        "no-json",
        "deep",
        "rate",
        "high",
        "stereo",
        "odd",
        "empty",
        "junk",
        "string",
    ],
)
async def test_nothing_else_reaches_the_pipeline(data: str | bytes) -> None:
    assert await read(data) is None


async def test_sound_that_comes_faster_than_it_was_spoken_is_left_out() -> None:
    serializer = PageSerializer(PromptResampler())
    taken = [await serializer.deserialize(sound(0.5)) for _ in range(20)]
    assert sum(frame is not None for frame in taken) == pytest.approx(AHEAD_SECONDS / 0.5, abs=1)


async def test_sound_and_messages_are_sent_and_no_other_frame() -> None:
    serializer = PageSerializer(PromptResampler())
    spoken = await serializer.serialize(OutputAudioRawFrame(bytes(960), page_socket.RATE_OUT, 1))
    assert isinstance(spoken, bytes)
    assert wire().FromString(spoken).audio.sample_rate == page_socket.RATE_OUT
    told = await serializer.serialize(OutputTransportMessageUrgentFrame({"label": "rtvi-ai", "type": "x"}))
    assert isinstance(told, bytes)
    assert json.loads(wire().FromString(told).message.data)["type"] == "x"
    assert await serializer.serialize(EndFrame()) is None


class Wire:
    """A WebSocket that is closed with a code."""

    path = "/sessions/s/ws"

    def __init__(self, code: int) -> None:
        self._code = code

    async def receive(self) -> dict[str, Any]:
        return {"type": "websocket.disconnect", "code": self._code, "reason": ""}


@pytest.mark.parametrize(("code", "lost"), [(1000, False), (1001, False), (1006, True), (1011, True)])
async def test_a_page_that_breaks_off_is_told_from_one_that_is_closed(code: int, lost: bool) -> None:
    socket = PageSocket(cast(WebSocket, Wire(code)))
    assert socket.path == "/sessions/s/ws"
    await socket.receive()
    assert bool(socket.lost) is lost


def test_a_page_that_vanishes_is_noticed() -> None:
    app, ended = FastAPI(), list[str]()

    @app.websocket("/ws")
    async def take(websocket: WebSocket) -> None:
        await page_socket.accept(websocket)
        socket = PageSocket(websocket)
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
        ended.append(socket.lost)

    async def main() -> None:
        with bind("127.0.0.1", 0) as sock:
            async with serving(app, sock):
                url = f"ws://127.0.0.1:{sock.getsockname()[1]}/ws"
                async with connect(url, ping_interval=None, proxy=None) as client:
                    await asyncio.sleep(60)
                    assert not ended, "a page that answers"
                    client.transport.pause_reading()
                    await until(lambda: ended, 20)
                    client.transport.abort()

    virtual_time.run(main())
    assert ended[0].startswith("the line was lost")
