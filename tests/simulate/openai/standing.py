"""A mock server with scripted engines, and OpenAI's own client for it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import openai

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer


@dataclass(frozen=True)
class Standing:
    """A running mock server and what it was made of."""

    server: OpenAIServer
    client: openai.AsyncOpenAI
    hearing: ScriptedHearing
    voice: ToneVoice
    brain: ScriptedBrain


@contextlib.asynccontextmanager
async def standing(
    *answers: Answer, heard: str = "Hello there.", retries: int = 0, seconds: float = 20.0
) -> AsyncIterator[Standing]:
    """Runs while the block runs; ``retries`` are those of the client."""
    hearing, voice, brain = ScriptedHearing([heard]), ToneVoice(), ScriptedBrain(answers)
    async with (
        OpenAIServer(hearing, voice, brain) as server,
        openai.AsyncOpenAI(
            base_url=server.base_url, api_key="any", max_retries=retries, timeout=seconds
        ) as client,
    ):
        yield Standing(server, client, hearing, voice, brain)
