"""Transcribes audio that a model heard, for the record and for a smaller context."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Callable, Coroutine
from typing import Any

import openai
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan
from agentrun.records import CallRecord
from agentrun.session import closing
from agentrun.session.tracking import usage

MODEL = "gpt-4o-mini-transcribe"
_SECONDS = 20.0
LAST_WORDS = "transcription_failed: the caller's last words are not written down"
MOST_REASON = 300
"""Characters of why that is so."""
_REFUSALS = (401, 403, 404)
"""With these a server says that it will not write down what comes next either."""


class BackgroundTranscription:
    """Transcribes utterances, one task each; ``written`` gets the words, if any, and when they were said.

    Once the words are there they take the audio's place in the model's context. When they can't be had the
    audio stays, and the record has no words for that turn, but an error that says why. A server that refuses
    the model is not asked again in the same call. The sound that was written down counts as used.
    """

    def __init__(
        self,
        plan: ServicePlan,
        resources: Resources,
        written: Callable[[str, float], None],
        record: CallRecord,
    ) -> None:
        self._record = record
        self._is_refused = False
        self._troubles: set[str] = set()
        self._plan = plan
        self._http_client = resources.http_client
        self._written = written
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds = 2.0

    def take(self, message: dict[str, Any], wav: bytes, at: float) -> None:
        """Start to transcribe ``wav``, the audio in ``message``."""
        task = asyncio.create_task(self._write(message, wav, at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def await_last(self, words: Coroutine[Any, Any, str], seconds: float, at: float) -> None:
        """Wait for ``words``, a transcription by one of the pipeline's services, at the end of the call."""
        task = asyncio.create_task(self._last(words, at))
        self._seconds = max(self._seconds, seconds)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait a moment for transcriptions, longer for the caller's last words, then cancel them."""
        if not self._tasks:
            return
        _, pending = await asyncio.wait(self._tasks, timeout=self._seconds)
        await closing.end(list(pending))

    async def _last(self, words: Coroutine[Any, Any, str], at: float) -> None:
        try:
            self._written(await words, at)
        except asyncio.CancelledError:
            self._record.errors.append(f"{LAST_WORDS}: their transcription took too long")
            raise
        except Exception as error:  # noqa: BLE001 - whatever a provider's client raises
            self._record.errors.append(f"{LAST_WORDS}: {str(error)[:MOST_REASON]}")

    async def _write(self, message: dict[str, Any], wav: bytes, at: float) -> None:
        words = "" if self._is_refused else await self._words(wav)
        if words:
            message["content"] = words
        self._written(words, at)

    async def _words(self, wav: bytes) -> str:
        """The transcript; empty if nothing was said or transcription failed."""
        plan = self._plan
        try:
            client = openai.AsyncOpenAI(
                api_key=plan.api_key, base_url=plan.base_url, http_client=self._http_client
            )
            answer = await client.audio.transcriptions.create(
                model=MODEL, file=("audio.wav", wav, "audio/wav"), timeout=_SECONDS
            )
        except asyncio.CancelledError:
            self._used(wav)
            self._note("transcription_cancelled", "the call ended before")
            raise
        except Exception as error:  # noqa: BLE001 - nobody awaits this task, and the call goes on
            self._is_refused = self._is_refused or getattr(error, "status_code", None) in _REFUSALS
            self._note("transcription_failed", type(error).__name__)
            return ""
        self._used(wav)
        return answer.text.strip()

    def _used(self, wav: bytes) -> None:
        usage.add(self._record, f"stt {self._plan.provider}/{MODEL}", {"seconds": _seconds(wav)})

    def _note(self, kind: str, why: str) -> None:
        """Note each kind of error in the record once."""
        if why in self._troubles:
            return
        self._troubles.add(why)
        words = f"{self._plan.provider}/{MODEL} gave no words of what the model heard: {why}"
        self._record.errors.append(f"{kind}: {words}")
        logger.warning("call {}: {}", self._record.id, words)


def _seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as sound:
        return float(sound.getnframes() / sound.getframerate())
