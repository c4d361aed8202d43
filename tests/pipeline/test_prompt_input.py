"""A telephone caller's sound comes into the pipeline at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from fastapi import WebSocket
from pipecat.frames.frames import InputAudioRawFrame, StartFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from agentrun.pipeline import pipecat_private
from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio

SOUND = bytes(range(256))


class Socket:
    """A WebSocket that nobody writes to."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}


def _source(*, enabled: bool = True) -> Any:
    params = FastAPIWebsocketParams(audio_in_enabled=enabled)
    return FastAPIWebsocketTransport(cast(WebSocket, Socket()), params).input()


async def test_a_frame_goes_where_the_transport_would_put_it() -> None:
    audio, source, pushed = CallerAudio(), _source(), list[Any]()
    pipecat_private.hand_in(audio, source)
    assert not audio.hand_in(), "nothing is taken before the transport has begun"

    async def push_frame(frame: Any, *_: Any) -> None:
        pushed.append(frame)

    source.push_frame = push_frame
    source.create_task = lambda coroutine, *_: asyncio.create_task(coroutine)
    await BaseInputTransport.set_transport_ready(source, StartFrame())
    assert audio.hand_in()
    assert audio.hand_in(SOUND)
    await source.push_audio_frame(InputAudioRawFrame(mulaw.decode_pcm(SOUND), 8_000, 1))
    await asyncio.sleep(0.01)
    ours, theirs = [(frame.audio, frame.sample_rate, frame.num_channels) for frame in pushed]
    assert ours == theirs
    source._paused = True
    assert not audio.hand_in()
    source._audio_task.cancel()


async def test_a_transport_that_takes_no_sound_is_handed_none() -> None:
    audio, source = CallerAudio(), _source(enabled=False)
    pipecat_private.hand_in(audio, source)
    assert not audio.hand_in()


async def test_another_transport_is_left_alone() -> None:
    audio = CallerAudio()
    pipecat_private.hand_in(audio, None)
    assert not audio.hand_in()
