"""The chunk sizes in which a WebSocket transport sends its audio."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from pipecat.frames.frames import OutputAudioRawFrame, StartFrame, TTSStoppedFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport

from agentrun.pipeline.pipecat_private.replacements import replace_method

LARGE_SECONDS = 0.2
"""A piece has its price whatever its length, and Pipecat's have 40 ms."""


def send_larger_pieces(output: FrameProcessor | None, seconds: float = LARGE_SECONDS) -> None:
    """Have a WebSocket's output send pieces of ``seconds`` while it is as far ahead of what the caller hears.

    The first pieces of an answer are small, so that it is heard as early; so are those of a service whose
    sound comes no sooner than it is heard; and the last is filled up with silence no further than they are.
    """
    if not isinstance(output, FastAPIWebsocketOutputTransport):
        return

    async def set_ready_for_larger(frame: StartFrame) -> None:
        await set_ready(frame)
        for sender in output._media_senders.values():
            _enlarge(output, sender, seconds)

    set_ready = replace_method(output, "set_transport_ready", set_ready_for_larger)


def _enlarge(
    output: FastAPIWebsocketOutputTransport, sender: BaseOutputTransport.MediaSender, seconds: float
) -> None:
    small = sender._audio_chunk_size
    large = max(small, int(sender.sample_rate * seconds) * 2 * sender._params.audio_out_channels)

    def is_ahead() -> bool:
        until: Any = output._next_send_time
        return bool(until - asyncio.get_running_loop().time() >= seconds)

    async def handle_audio_frame(frame: OutputAudioRawFrame) -> None:
        sender._audio_chunk_size = large if is_ahead() else small
        await handle(frame)

    async def handle_tts_stopped(frame: TTSStoppedFrame) -> None:
        sender._audio_chunk_size = max(1, math.ceil(sender._buffered_audio_bytes / small)) * small
        await stop(frame)

    handle = replace_method(sender, "handle_audio_frame", handle_audio_frame)
    stop = replace_method(sender, "handle_tts_stopped", handle_tts_stopped)
