"""The pieces in which sound is sent: small where the caller waits for it, large where it is ahead."""

from __future__ import annotations

import asyncio
import inspect
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.frames.frames import OutputAudioRawFrame, StartFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport, FastAPIWebsocketParams

from agentrun.pipeline import pipecat_private

RATE = 8_000


class Queue:
    """Keeps the pieces that are to be sent."""

    def __init__(self) -> None:
        self.milliseconds: list[int] = []
        self.others = 0

    async def put(self, frame: Any) -> None:
        if isinstance(frame, OutputAudioRawFrame):
            self.milliseconds.append(len(frame.audio) * 1000 // (2 * RATE))
        else:
            self.others += 1


class Line(FastAPIWebsocketOutputTransport):
    """An output with a sender, but without tasks."""

    def __init__(self) -> None:
        client: Any = SimpleNamespace(is_closing=False, is_connected=True)
        transport: Any = None
        super().__init__(transport, client, FastAPIWebsocketParams(audio_out_enabled=True))
        self.queue = Queue()

    async def set_transport_ready(self, frame: StartFrame) -> None:
        sender = BaseOutputTransport.MediaSender(
            self, destination=None, sample_rate=RATE, audio_chunk_size=RATE // 25 * 2, params=self._params
        )
        queue: Any = self.queue
        sender._audio_queue = queue
        self._media_senders[None] = sender

    def be_ahead(self, seconds: float) -> None:
        until: Any = time.monotonic() + seconds
        self._next_send_time = until

    async def take(self, milliseconds: int) -> None:
        sound = TTSAudioRawFrame(bytes(RATE * milliseconds // 1000 * 2), RATE, 1)
        await self._media_senders[None].handle_audio_frame(sound)


@pytest.fixture
async def line() -> Line:
    made = Line()
    pipecat_private.send_larger_pieces(made, 0.1)
    await made.set_transport_ready(StartFrame())
    return made


async def test_the_first_pieces_of_an_answer_are_small(line: Line) -> None:
    await line.take(100)
    assert line.queue.milliseconds == [40, 40]


async def test_pieces_are_large_while_what_was_sent_lasts(line: Line) -> None:
    line.be_ahead(0.2)
    for _ in range(10):
        await line.take(20)
    assert line.queue.milliseconds == [100, 100]


async def test_sound_that_comes_as_it_is_heard_goes_on_in_small_pieces(line: Line) -> None:
    line.be_ahead(0.05)
    for _ in range(4):
        await line.take(20)
    assert line.queue.milliseconds == [40, 40]


async def test_the_last_piece_is_filled_up_no_further_than_before(line: Line) -> None:
    line.be_ahead(60.0)
    await line.take(110)
    await line._media_senders[None].handle_tts_stopped(TTSStoppedFrame())
    assert line.queue.milliseconds == [100, 40]
    assert line.queue.others == 1


@pytest.mark.parametrize("left", [10, 40, 41, 90])
async def test_what_is_left_of_an_answer_is_one_piece(line: Line, left: int) -> None:
    line.be_ahead(60.0)
    await line.take(100 + left)
    await line._media_senders[None].handle_tts_stopped(TTSStoppedFrame())
    assert line.queue.milliseconds == [100, -(-left // 40) * 40]


@pytest.mark.parametrize("interrupted", [False, True])
async def test_a_piece_that_an_interruption_takes_back_was_not_played(*, interrupted: bool) -> None:
    made = Line()
    pipecat_private.send_ahead(made, 0.01)
    pipecat_private.keep_pace(made)
    made._sample_rate = RATE

    async def taken(_: Any) -> bool:
        return True

    made._write_frame = taken  # type: ignore[assignment,method-assign]
    writing = asyncio.create_task(made.write_audio_frame(OutputAudioRawFrame(bytes(16 * 60), RATE, 1)))
    await asyncio.sleep(0)
    assert not writing.done()
    if interrupted:
        made._next_send_time = 0  # as FastAPIWebsocketOutputTransport.process_frame does
    assert await writing is not interrupted


def test_an_interruption_still_begins_the_line_s_time_anew() -> None:
    source = inspect.getsource(FastAPIWebsocketOutputTransport.process_frame)
    assert "self._next_send_time = 0" in source


async def test_a_large_piece_is_waited_for_as_long_as_it_is_heard() -> None:
    made = Line()
    pipecat_private.keep_pace(made)
    for milliseconds in (40, 100):
        made._client = SimpleNamespace(is_closing=True)  # type: ignore[assignment]
        writing = made.write_audio_frame(OutputAudioRawFrame(bytes(16 * milliseconds), RATE, 1))
        await asyncio.wait_for(writing, 5)
        assert made._send_interval == milliseconds / 1000
