"""The protocols of the mock server's engines, and the bundled ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.simulate.engines.structured_data import data_for

VOICE_RATE = 24_000
"""Hz of everything that a voice gives: 16-bit mono PCM."""


class Hearing(Protocol):
    """Speech to text."""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words in 16-bit mono ``pcm``, or nothing when there are none."""


class Voice(Protocol):
    """Text to speech."""

    def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """24 kHz, 16-bit mono PCM, in pieces as they are ready."""


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model calls."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the model says, or the tools that it calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """What a model is given: messages and tools as chat completions have them, and who asks, if known.

    ``schema`` is the JSON Schema that its answer must follow, where it is to be no speech but data.
    """

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)
    agent: str = ""
    model: str = ""
    schema: dict[str, Any] | None = None


def answer_for(schema: Mapping[str, Any], values: Mapping[str, Any]) -> Answer:
    """Data that follows ``schema``: of each property the one of ``values``, else null where it may be.

    >>> answer_for({"properties": {"age": {}, "name": {}}}, {"age": 80}).text
    '{"age": 80, "name": null}'
    """
    return Answer(json.dumps(data_for(schema, values)))


class Brain(Protocol):
    """Language model."""

    async def answer(self, conversation: Conversation) -> Answer:
        """What to do next."""


@dataclass(frozen=True)
class Engines:
    """A loaded and warmed pair."""

    hearing: Hearing
    voice: Voice


async def load_offline() -> Engines:
    """Load and warm the packaged engines; a second or two, 340 MB. Never asks a network.

    Raises SetupError when the extra ``offline`` is not installed.
    """
    try:
        from agentrun.simulate.engines.packaged_voice import PackagedVoice
        from agentrun.simulate.engines.packaged_whisper import PackagedWhisper

        hearing, voice = await asyncio.to_thread(lambda: (PackagedWhisper(), PackagedVoice()))
    except ImportError as error:
        raise SetupError(
            f"offline engines are not installed ({error.name})", install_extra("offline")
        ) from None
    sound = b"".join([piece async for piece in voice.speak("Hello, I am ready now.", "alloy", 1.0)])
    await hearing.transcribe(sound, VOICE_RATE, "")
    return Engines(hearing, voice)
