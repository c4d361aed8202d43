"""What the caller says while a realtime session begins comes to it in order."""

from __future__ import annotations

import asyncio
from typing import Any

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.kept_sound import KeptSound


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
    kept = KeptSound(llm)

    async def speak() -> None:
        for number in range(10):
            await kept.send(InputAudioRawFrame(bytes([number, 0]), 16_000, 1))
            await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0.05)
    await kept.updated(None)
    await speaking
    assert sent == list(range(10))
