"""The way of a telephone caller's sound into the pipeline."""

from __future__ import annotations

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.websocket.fastapi import FastAPIWebsocketInputTransport

from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio


def hand_in(audio: CallerAudio, source: FrameProcessor | None) -> None:
    """Have ``audio`` put its frames where ``source``, a WebSocket's input, would put them.

    On Pipecat's way a message waits in the server's queue, wakes the task that receives, and is read twice.
    """
    if not isinstance(source, FastAPIWebsocketInputTransport):
        return

    def take(sound: bytes) -> bool:
        if source._audio_task is None or source._paused or not source._params.audio_in_enabled:
            return False
        if sound:
            source._audio_in_queue.put_nowait(InputAudioRawFrame(mulaw.decode_pcm(sound), mulaw.RATE, 1))
        return True

    audio.hand_to(take)
