"""Keeps the agent's audio while a browser's connection is replaced.

Pipecat 1.14 waits for what the old connection was about to send, and gives the call up after 10 s; what is
said before the new connection is up is dropped at once. Here what was about to be sent is let go of, 20 to
40 ms, and the rest waits for the new connection. This module loads WebRTC: only what a browser's call needs
imports it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from pipecat.frames.frames import OutputAudioRawFrame
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.smallwebrtc.transport import SmallWebRTCClient, SmallWebRTCTransport

from agentrun.pipeline.pipecat_private.replacements import Replaceable, replace_method

HOLD_SECONDS = 8.0
"""How long words wait for a connection, once; Pipecat gives a call up when one write takes 10 s."""
REPLACEABLE = (
    Replaceable(SmallWebRTCClient, "write_audio_frame", ("frame",), "wait for the new connection"),
    Replaceable(SmallWebRTCClient, "_handle_client_connected", (), "know that it is there"),
    Replaceable(SmallWebRTCClient, "_handle_peer_disconnected", (), "let go of what the old one had"),
    Replaceable(SmallWebRTCClient, "_handle_client_closed", (), "wait no longer"),
)


class KeptSound:
    """Holds the sound of one browser's call between its connections."""

    def __init__(self, client: SmallWebRTCClient) -> None:
        self._client = client
        self._there = asyncio.Event()
        self._there.set()
        self._write = self._replace("write_audio_frame", self.write)
        self._connected = self._replace("_handle_client_connected", self.connected)
        self._disconnected = self._replace("_handle_peer_disconnected", self.disconnected)
        self._closed = self._replace("_handle_client_closed", self.closed)

    async def write(self, frame: OutputAudioRawFrame) -> bool:
        """Send 20 to 40 ms of sound, once there is a connection; whether it was sent."""
        if not self._there.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._there.wait(), HOLD_SECONDS)
            self._there.set()
        return bool(await self._write(frame))

    async def connected(self) -> None:
        """The first connection is up, or the one in its place."""
        await self._connected()
        self._there.set()

    async def disconnected(self) -> None:
        """The connection is given up for another."""
        self._there.clear()
        track: Any = self._client._audio_output_track
        await self._disconnected()
        for _, sent in track._chunk_queue if track else ():
            if sent and not sent.done():
                sent.set_result(True)

    async def closed(self) -> None:
        """The browser has gone for good."""
        self._there.set()
        await self._closed()

    def _replace(self, name: str, method: object) -> Any:
        return replace_method(self._client, name, method, REPLACEABLE)


def keep_sound(transport: BaseTransport) -> None:
    """Have the agent's words outlive a browser's connection; raises TypeError for another line."""
    if not isinstance(transport, SmallWebRTCTransport):
        raise TypeError(f"{type(transport).__name__} is no browser's")
    KeptSound(transport._client)
