"""A line that is lost: what waits for it is not played in a moment, as if somebody had heard it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from pipecat.frames.frames import OutputAudioRawFrame
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport, FastAPIWebsocketParams

from agentrun.pipeline import pipecat_private
from agentrun.testing import virtual_time

TENTH = OutputAudioRawFrame(bytes(1600), 8000, 1)
"""A tenth of a second of sound."""


def seconds_of_ten(*, paced: bool) -> float:
    """How long ten pieces of sound take on a line whose connection broke off."""

    async def write() -> float:
        client: Any = SimpleNamespace(is_closing=False, is_connected=False)
        transport: Any = None
        output = FastAPIWebsocketOutputTransport(transport, client, FastAPIWebsocketParams())
        if paced:
            pipecat_private.keep_pace(output)
        began = asyncio.get_running_loop().time()
        for _ in range(10):
            assert not await output.write_audio_frame(TENTH)
        return asyncio.get_running_loop().time() - began

    return virtual_time.run(write())


def test_sound_that_can_t_be_sent_takes_as_long_as_sound_that_is_played() -> None:
    assert seconds_of_ten(paced=True) > 0.9


def test_pipecat_still_drops_it_at_once() -> None:
    """When this fails, Pipecat keeps the pace itself, and ours can go."""
    assert seconds_of_ten(paced=False) < 0.5
