"""Writes down what a model heard as audio: for the record, and for a smaller context."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan

MODEL = "gpt-4o-mini-transcribe"
_SECONDS = 20.0


class BackgroundTranscription:
    """Transcribes utterances one task each; ``written`` gets the words and when they were said.

    Once the words are there they take the audio's place in the model's context. When they can't be had the
    audio stays, and the record has no words for that turn.
    """

    def __init__(
        self, plan: ServicePlan, resources: Resources, written: Callable[[str, float], None]
    ) -> None:
        self._plan = plan
        self._http_client = resources.http_client
        self._written = written
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, message: dict[str, Any], wav: bytes, at: float) -> None:
        """Begin to write down ``wav``, which stands in ``message``."""
        task = asyncio.create_task(self._write(message, wav, at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait a moment for what is under way, then let go of it."""
        if not self._tasks:
            return
        _, pending = await asyncio.wait(self._tasks, timeout=2.0)
        for task in pending:
            task.cancel()

    async def _write(self, message: dict[str, Any], wav: bytes, at: float) -> None:
        plan = self._plan
        try:
            client = openai.AsyncOpenAI(
                api_key=plan.api_key, base_url=plan.base_url, http_client=self._http_client
            )
            answer = await client.audio.transcriptions.create(
                model=MODEL, file=("audio.wav", wav, "audio/wav"), timeout=_SECONDS
            )
        except openai.OpenAIError as error:
            logger.info("no transcript of what the model heard: {}", type(error).__name__)
            return
        words = answer.text.strip()
        if words:
            self._written(words, at)
            message["content"] = words
