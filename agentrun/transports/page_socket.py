"""Calls from a page over a WebSocket: audio and RTVI messages, as in Pipecat's WebSocket transport."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from fastapi import WebSocket
from loguru import logger
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from agentrun.http import keepalive
from agentrun.transports.broken_lines import why_lost
from agentrun.transports.call_socket import CallSocket
from agentrun.transports.connection import Connection, page_call

RATE_IN, RATE_OUT = 16_000, 24_000
"""Hz of what Pipecat's client records and plays unless it is told otherwise."""
RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)
"""Hz that a page may record at: those that browsers and their devices have."""
AHEAD_SECONDS = 3.0
"""So much more sound than time has passed is taken: the rest would wait in the pipeline."""
PING_SECONDS, PONG_SECONDS = 5.0, 10.0
"""A page that is there answers a ping also while its microphone is off and it sends no sound."""
_SENT = (
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
)
"""Pipecat's client knows no other frame, and reports an error for each."""


class PageSerializer(ProtobufFrameSerializer):
    """Takes a page's sound and its messages: whatever else a frame may be is no page's to say."""

    def __init__(self, resampler: BaseAudioResampler) -> None:
        super().__init__()
        self._to_rate_in = resampler
        self._began: float | None = None
        self._heard = 0.0
        self._is_told = False

    async def serialize(self, frame: Frame) -> str | bytes | None:
        return await super().serialize(frame) if isinstance(frame, _SENT) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        try:
            frame = await super().deserialize(data)
        except Exception:  # noqa: BLE001 - what protobuf raises for junk is its own, and the call goes on
            return None
        if isinstance(frame, InputAudioRawFrame):
            return await self._sound(frame)
        is_message = isinstance(frame, InputTransportMessageFrame) and isinstance(frame.message, dict)
        return frame if is_message else None

    async def _sound(self, frame: InputAudioRawFrame) -> InputAudioRawFrame | None:
        """A piece of sound at the pipeline's rate, unless it has another form or comes too fast."""
        rate, sound = frame.sample_rate, frame.audio
        if rate not in RATES or frame.num_channels != 1 or len(sound) % 2:
            self._tell(frame)
            return None
        if not self._is_due(len(sound) / 2 / rate):
            return None
        if rate == RATE_IN:
            return frame
        sound = await self._to_rate_in.resample(sound, rate, RATE_IN)
        return InputAudioRawFrame(sound, RATE_IN, 1) if sound else None

    def _tell(self, frame: InputAudioRawFrame) -> None:
        """Say once that a page's sound can't be heard."""
        if self._is_told:
            return
        self._is_told = True
        logger.warning(
            "a page's sound is not heard: {} Hz, {} channels, {} bytes; 16-bit mono sound at {} Hz is",
            frame.sample_rate,
            frame.num_channels,
            len(frame.audio),
            ", ".join(map(str, RATES)),
        )

    def _is_due(self, seconds: float) -> bool:
        """Whether a piece of sound comes no faster than it was spoken."""
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        if self._heard + seconds > now - self._began + AHEAD_SECONDS:
            return False
        self._heard += seconds
        return True


class PageSocket(CallSocket):
    """The WebSocket of a call from a page; one that closes it is not ``lost``."""

    async def receive(self) -> Any:
        """The next message, or a disconnect."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            self.lost = why_lost(message)
        return message


async def accept(websocket: WebSocket) -> None:
    """Accept a page's socket; one whose page vanishes is closed after ``PING`` and ``PONG_SECONDS``."""
    keepalive.ask_often(websocket, PING_SECONDS, PONG_SECONDS)
    await websocket.accept()


def connect(
    websocket: WebSocket,
    agent: str,
    environ: Mapping[str, str],
    resampler: BaseAudioResampler,
    *,
    offline: bool,
    call_id: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Connection:
    """The connection of a page that talks to ``agent`` over an accepted socket.

    Sound that it records at another rate than the pipeline's goes through ``resampler``.
    """
    socket, serializer = PageSocket(websocket), PageSerializer(resampler)
    params = FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, serializer=serializer, allowed_origins=[]
    )
    transport = FastAPIWebsocketTransport(websocket=cast(WebSocket, socket), params=params)
    call = page_call(agent, environ, offline, call_id, parameters)
    return Connection(call, transport, RATE_IN, RATE_OUT, rtvi=True, keys=True, why_lost=lambda: socket.lost)
