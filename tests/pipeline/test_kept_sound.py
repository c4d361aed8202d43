"""What the caller says while a realtime session begins comes to it in order, or to the next one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import InputAudioRawFrame
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.realtime.kept_sound import KeptSound
from tests.calls.desk import until


async def test_sound_that_comes_while_a_session_is_set_up_waits_behind_what_came_before() -> None:
    llm: Any = OpenAIRealtimeLLMService(api_key="none")
    sent = list[int]()

    async def send(frame: InputAudioRawFrame) -> None:
        await asyncio.sleep(0.01)
        sent.append(frame.audio[0])

    async def update(_evt: Any) -> None:
        llm._api_session_ready = True
        await asyncio.sleep(0.05)

    llm._send_user_audio, llm._handle_evt_session_updated = send, update
    kept = KeptSound(llm, lambda: llm._api_session_ready, "_handle_evt_session_updated")

    async def speak() -> None:
        for number in range(10):
            await kept.send(numbered(number)[0])
            await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0.05)
    await kept.begins(None)
    await speaking
    assert sent == list(range(10))


def numbered(*numbers: int) -> list[InputAudioRawFrame]:
    return [InputAudioRawFrame(bytes([number, 0]), 16_000, 1) for number in numbers]


@pytest.mark.parametrize(
    ("is_given_up", "heard"), [(True, [0, 1, 2, 3]), (False, [3])], ids=["given up", "it fails"]
)
async def test_what_waits_comes_to_the_session_that_begins_after_one_that_was_given_up(
    is_given_up: bool, heard: list[int]
) -> None:
    llm: Any = OpenAIRealtimeLLMService(api_key="none")
    sent, updates = list[int](), list[str]()

    async def send(frame: InputAudioRawFrame) -> None:
        sent.append(frame.audio[0])

    async def update(_evt: Any) -> None:
        updates.append("begun")
        if len(updates) == 1 and is_given_up:
            await asyncio.Event().wait()
        if len(updates) == 1:
            raise ValueError("no conversation")
        llm._api_session_ready = True

    llm._send_user_audio, llm._handle_evt_session_updated = send, update
    kept = KeptSound(llm, lambda: llm._api_session_ready, "_handle_evt_session_updated")
    for frame in numbered(0, 1, 2):
        await kept.send(frame)
    first = asyncio.create_task(kept.begins(None))
    await until(lambda: bool(updates), 5)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await kept.send(numbered(3)[0])
    await kept.begins(None)
    assert sent == heard
