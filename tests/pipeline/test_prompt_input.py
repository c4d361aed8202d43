"""A telephone caller's sound comes into the pipeline at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from fastapi import WebSocket
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InputAudioRawFrame, StartFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator, LLMUserAggregatorParams
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


async def test_what_is_kept_back_goes_in_with_what_comes_behind_it() -> None:
    audio, source = CallerAudio(), _source()
    source._audio_task, source._audio_in_queue = object(), asyncio.Queue()
    pieces = iter([b"", b"both"])
    pipecat_private.hand_in(audio, source, lambda _samples: next(pieces))
    assert [audio.hand_in(SOUND), audio.hand_in(SOUND)] == [True, True]
    assert [source._audio_in_queue.get_nowait().audio] == [b"both"]
    assert source._audio_in_queue.empty()


async def test_the_caller_s_detector_judges_what_is_gathered_unless_they_are_muted() -> None:
    detector = pipecat_private.SharedSilero(VADParams())
    detector.set_sample_rate(mulaw.RATE)
    caller = LLMUserAggregator(LLMContext(), params=LLMUserAggregatorParams(vad_analyzer=detector))
    piece = pipecat_private.steady_pieces(caller, 0.1)
    window = bytes(640)
    assert [len(piece(window)) for _ in range(3)] == [0, 0, 1920]
    caller._user_is_muted = True
    assert [piece(window), piece(window)] == [window] * 2
    await detector.cleanup()  # type: ignore[no-untyped-call]


async def test_nothing_is_gathered_where_nobody_wants_it_or_another_detector_listens() -> None:
    alone = LLMUserAggregator(LLMContext(), params=LLMUserAggregatorParams())
    detector = pipecat_private.SharedSilero(VADParams())
    caller = LLMUserAggregator(LLMContext(), params=LLMUserAggregatorParams(vad_analyzer=detector))
    assert pipecat_private.steady_pieces(alone, 0.1) is bytes
    assert pipecat_private.steady_pieces(caller, 0.0) is bytes
    await detector.cleanup()  # type: ignore[no-untyped-call]
