"""A page over a WebSocket: sound and RTVI messages, as Pipecat's WebSocket transport for pages has them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping

from fastapi import WebSocket
from loguru import logger
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

from agentrun.call import Call
from agentrun.transports.connection import Connection

RATE_IN, RATE_OUT = 16_000, 24_000
"""Hz of what Pipecat's client records and plays unless it is told otherwise."""
AHEAD_SECONDS = 3.0
"""So much more sound than time has passed is taken: the rest would wait in the pipeline."""
_SENT = (
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
)
"""Pipecat's client knows no other frame, and reports an error for each."""


class PageSerializer(ProtobufFrameSerializer):
    """Takes a page's sound and its messages: whatever else a frame may be is no page's to say."""

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None
        self._heard = 0.0
        self._has_complained = False

    async def serialize(self, frame: Frame) -> str | bytes | None:
        return await super().serialize(frame) if isinstance(frame, _SENT) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        try:
            frame = await super().deserialize(data)
        except Exception:  # noqa: BLE001 - what protobuf raises for junk is its own, and the call goes on
            return None
        if isinstance(frame, InputAudioRawFrame):
            return frame if self._is_due(frame) else None
        is_message = isinstance(frame, InputTransportMessageFrame) and isinstance(frame.message, dict)
        return frame if is_message else None

    def _complain(self, frame: InputAudioRawFrame) -> None:
        if not self._has_complained:
            self._has_complained = True
            form = f"{frame.sample_rate} Hz, {frame.num_channels} channels"
            logger.warning("a page sends sound of {}: only {} Hz of one channel is heard", form, RATE_IN)

    def _is_due(self, frame: InputAudioRawFrame) -> bool:
        """Whether a piece of sound has the right form, and comes no faster than it was spoken."""
        if (frame.sample_rate, frame.num_channels) != (RATE_IN, 1) or len(frame.audio) % 2:
            self._complain(frame)
            return False
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        seconds = len(frame.audio) / 2 / RATE_IN
        if self._heard + seconds > now - self._began + AHEAD_SECONDS:
            return False
        self._heard += seconds
        return True


def connect(
    websocket: WebSocket,
    agent: str,
    environ: Mapping[str, str],
    *,
    offline: bool,
    call_id: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Connection:
    """The connection of a page that talks to ``agent`` over an accepted socket."""
    params = FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, serializer=PageSerializer(), allowed_origins=[]
    )
    transport = FastAPIWebsocketTransport(websocket=websocket, params=params)
    call = Call(
        call_id or uuid.uuid4().hex,
        agent,
        transport="local",
        parameters=parameters or {},
        environ=environ,
        offline=offline,
    )
    return Connection(call, transport, RATE_IN, RATE_OUT, rtvi=True, keys=True)
