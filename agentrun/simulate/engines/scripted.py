"""Scripted engines for tests: no models, every request recorded, and an error if a script is not used up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import numpy as np

from agentrun.simulate.engines.engines import VOICE_RATE, Answer, Conversation, answer_for
from agentrun.text_normalization.words import pieces

_CHUNK_BYTES = 4_800


class ScriptedHearing:
    """Hears the scripted words, one after the other; the last one again when there are no more."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)
        self.heard: list[float] = []

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The next words; ``heard`` keeps the seconds of every utterance."""
        del prompt
        self.heard.append(len(pcm) / 2 / sample_rate)
        return self._words.pop(0) if len(self._words) > 1 else self._words[0]


class ToneVoice:
    """Beeps for as long as the words would take, at 150 ms a word."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.voices: list[str] = []

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """24 kHz, 16-bit mono PCM in pieces of 100 ms; ``spoken`` and ``voices`` keep all that was asked."""
        self.voices.append(voice)
        self.spoken.append(text)
        seconds = max(0.3, 0.15 * len(pieces(text)) / speed)
        time = np.arange(int(seconds * VOICE_RATE)) / VOICE_RATE
        pcm = (np.sin(2 * np.pi * 440 * time) * 8000).astype("<i2").tobytes()
        for start in range(0, len(pcm), _CHUNK_BYTES):
            yield pcm[start : start + _CHUNK_BYTES]


class ScriptedBrain:
    """Gives the scripted answers in order and records every conversation that it was asked about."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = list(answers)
        self.asked: list[Conversation] = []
        self.read: list[Conversation] = []
        """The requests for data."""
        self.found: dict[str, Any] = {}
        """What they are answered with, by name."""
        self.held: asyncio.Event | None = None
        """What they wait for."""
        self.unanswered = 0
        """How often it was asked when the script had no answer left."""

    async def answer(self, conversation: Conversation) -> Answer:
        """The next answer; a request for data takes none, and gets what is ``found``."""
        if conversation.schema is not None:
            self.read.append(conversation)
            if self.held:
                await self.held.wait()
            return answer_for(conversation.schema, self.found)
        self.asked.append(conversation)
        if not self._answers:
            self.unanswered += 1
            raise AssertionError("the script has no answer for this request")
        return self._answers.pop(0)

    def assert_complete(self) -> None:
        """Fail when scripted answers were not asked for."""
        assert not self._answers, f"{len(self._answers)} answers were not asked for: {self._answers}"  # noqa: S101
