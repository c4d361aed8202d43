"""A mock server whose voice leaves time to interrupt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.talking import Talk, talking

LONG = Answer("word " * 400)


class SlowVoice(ToneVoice):
    """Speaks no faster than it is heard, so that there is time to interrupt."""

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        async for piece in super().speak(text, voice, speed):
            yield piece
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def slow(*answers: Answer) -> AsyncIterator[tuple[OpenAIServer, Talk]]:
    server = OpenAIServer(ScriptedHearing(["Stop."]), SlowVoice(), ScriptedBrain(answers))
    async with server, talking(server) as talk:
        yield server, talk
