"""A telephone caller's sound comes into the pipeline at once, and waiting makes no tasks."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

import pytest
from fastapi import WebSocket
from pipecat.frames.frames import InputAudioRawFrame, StartFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private import prompt_input
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


async def test_waiting_gives_what_comes_in_time_and_makes_no_task() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    asyncio.get_running_loop().call_soon(queue.put_nowait, 7)
    before = asyncio.all_tasks()
    seen = list[set[asyncio.Task[Any]]]()

    async def get() -> int:
        seen.append(asyncio.all_tasks() - before)
        return await queue.get()

    assert await prompt_input.wait_for(get(), 5.0) == 7
    assert seen == [set()]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.01])
async def test_waiting_ends_with_the_time_and_what_was_waited_for_is_cancelled(seconds: float) -> None:
    waited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError):
        await prompt_input.wait_for(waited, seconds)
    assert waited.cancelled()


async def test_what_is_there_is_given_though_there_is_no_time() -> None:
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(3)
    assert await prompt_input.wait_for(done, 0.0) == 3


async def test_whoever_waits_can_be_cancelled() -> None:
    waited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(prompt_input.wait_for(waited, None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waited.cancelled()


@pytest.mark.parametrize(
    ("version", "replaced"),
    [((3, 11, 2), False), ((3, 11, 4), True), ((3, 11, 15), True), ((3, 12, 0), False), ((3, 13, 1), False)],
)
def test_python_s_own_waiting_is_replaced_where_it_makes_tasks_and_can_be_done_without(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], replaced: bool
) -> None:
    before = object()
    monkeypatch.setattr(asyncio, "wait_for", before)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", version)
        pipecat_private.wait_without_tasks()
    assert asyncio.wait_for is (prompt_input.wait_for if replaced else before)


async def test_a_limit_in_a_cancelled_task_s_cleaning_up_is_no_second_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio, "wait_for", asyncio.wait_for)
    pipecat_private.wait_without_tasks()
    raised = list[type[BaseException]]()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.01)
            except (TimeoutError, asyncio.CancelledError) as error:
                raised.append(type(error))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert raised == [TimeoutError]
