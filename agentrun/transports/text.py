"""A text line within one process, for ``agentrun chat``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from pipecat.frames.frames import Frame, StartFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.time import time_now_iso8601

from agentrun.call import Call
from agentrun.transports.connection import Connection

Watcher = Callable[[Frame], None]
"""Told of every frame that goes out to the caller."""


def transcription(text: str) -> TranscriptionFrame:
    """What the caller has written, as a pipeline takes it: a final transcription is a whole turn."""
    return TranscriptionFrame(text, "", time_now_iso8601(), finalized=True)


class _Input(FrameProcessor):
    def __init__(self, transport: TextTransport) -> None:
        super().__init__()
        self._transport = transport

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self._transport.connected()


class _Output(FrameProcessor):
    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self._watcher(frame)
        await self.push_frame(frame, direction)


class TextTransport(BaseTransport):
    """Connected as soon as its pipeline has started; ``watcher`` sees the answers go out."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self._input = _Input(self)
        self._output = _Output(watcher)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> FrameProcessor:
        """Where the caller's words come in."""
        return self._input

    def output(self) -> FrameProcessor:
        """Where the agent's words go out."""
        return self._output

    async def connected(self) -> None:
        """The pipeline has started."""
        await self._call_event_handler("on_client_connected", None)

    async def write(self, text: str) -> None:
        """One turn of the caller's."""
        await self._input.push_frame(transcription(text))

    async def hang_up(self) -> None:
        """The caller goes."""
        await self._call_event_handler("on_client_disconnected", None)


def connect(transport: TextTransport, agent: str, environ: Mapping[str, str], *, offline: bool) -> Connection:
    """The connection of a written conversation with ``agent``."""
    call = Call(id=uuid.uuid4().hex, agent=agent, transport="text", environ=environ, offline=offline)
    return Connection(call, transport, written=True)
