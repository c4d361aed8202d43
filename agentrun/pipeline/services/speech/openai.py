"""OpenAI's text to speech, with speech that was prepared ahead."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import openai
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.utils.errors import ErrorCategory, classify_http_status_code
from pipecat.utils.tracing.service_decorators import traced_tts

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.speech import request as speech_request
from agentrun.pipeline.services.speech.audible_sound import (
    EndlessError,
    SilenceError,
    check_length,
)
from agentrun.pipeline.services.speech.lead import SpeechLead
from agentrun.pipeline.services.speech.resumption import SpeakingRate
from agentrun.pipeline.services.speech.sound import RATE
from agentrun.plan.plan import ServicePlan

STALL_SECONDS = 6.0
_LASTING = (401, 403, 404)
_NOT_HEARD = ("buffer",)


class PreparedSpeech:
    """Words that were spoken once, by the voice and the settings that spoke them.

    >>> ready, voice = PreparedSpeech(), ServicePlan("tts", "openai", "tts-1", {"voice": "alloy"})
    >>> ready.keep(voice, "Hello. ", b"....")
    >>> ready.find(voice, "Hello."), ready.find(voice, "Good evening.")
    (b'....', None)
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str | None, ...], bytes] = {}

    def keep(self, voice: ServicePlan, text: str, pcm: bytes) -> None:
        """``text`` sounds like this when ``voice`` says it."""
        self._kept[_key(voice, text)] = pcm

    def find(self, voice: ServicePlan, text: str) -> bytes | None:
        """How ``voice`` says ``text``, where that is known."""
        return self._kept.get(_key(voice, text))


def _key(voice: ServicePlan, text: str) -> tuple[str | None, ...]:
    settings = sorted((name, repr(value)) for name, value in voice.settings.items() if name not in _NOT_HEARD)
    return (voice.base_url, voice.model, repr(settings), text.strip())


class OpenAISpeech(OpenAITTSService):
    """Speech that is heard when ``buffer`` seconds of it are there; Pipecat waits for half a second.

    What stands in ``ready`` is asked of nobody. A service that sends nothing for ``stall`` seconds, breaks
    off, or sends what is no speech, silence or too little of it, is asked ``attempts`` times; a long silence
    behind as much sound as the words take is the end of it.

    No two takes of a sentence are alike, so that sound that broke off is not gone on with: the voice is asked
    for the words from the last one on that was surely heard, as ``SpeakingRate`` counts them; a word or two
    may be heard twice.
    """

    def __init__(
        self,
        voice: ServicePlan,
        ready: PreparedSpeech,
        buffer: float,
        stall: float = STALL_SECONDS,
        attempts: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=RATE, **kwargs)
        self._planned, self._ready = voice, ready
        self._buffer, self._stall, self._attempts = buffer, stall, attempts
        self._as_planned = replace(self.settings)
        self._rate = SpeakingRate()
        self._lead = SpeechLead()

    @property
    def chunk_size(self) -> int:
        return int(self.sample_rate * self._buffer) * 2

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        pcm = self._ready.find(self._planned, text) if self.settings == self._as_planned else None
        if pcm is not None:
            await self.stop_ttfb_metrics()
            for start in range(0, len(pcm), self.chunk_size):
                yield self._frame(pcm[start : start + self.chunk_size], context_id)
            return
        self._lead.begin(context_id)
        sent, rest, error = 0.0, text, None
        for _ in range(self._attempts):
            seconds = 0.0
            try:
                async for piece in self._sound_of(rest):
                    if not sent:
                        await self.stop_ttfb_metrics()
                        await self.start_tts_usage_metrics(text)
                    seconds += len(piece) / 2 / RATE
                    sent += len(piece) / 2 / RATE
                    self._lead.add(len(piece) / 2 / RATE)
                    yield self._frame(piece, context_id)
                check_length(sum(map(str.isalpha, rest)), seconds)
                self._rate.learn(rest, seconds)
                return
            except speech_request.ERRORS as failure:
                if isinstance(failure, SilenceError) and self._rate.is_whole(rest, seconds):
                    self._rate.learn(rest, seconds)
                    return
                error, rest = failure, self._rate.unheard(rest, seconds)
                if isinstance(failure, openai.APIStatusError | EndlessError):
                    break
        assert error is not None  # noqa: S101
        yield _error_frame(error, sent)

    async def _sound_of(self, text: str) -> AsyncGenerator[bytes, None]:
        """The sound of ``text``."""
        body = pipecat_private.speech_request(self, text)
        client = pipecat_private.speech_client(self)
        pieces = speech_request.sound(client, body, self.chunk_size, self._stall, self._lead)
        try:
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    def _frame(self, pcm: bytes, context_id: str) -> TTSAudioRawFrame:
        return TTSAudioRawFrame(pcm, RATE, 1, context_id=context_id)


def _error_frame(error: Exception, sent: float) -> ErrorFrame:
    """One refused sentence doesn't make a voice unusable; a wrong key does."""
    status = getattr(error, "status_code", None)
    after = f", after {sent:.1f} s of sound" if sent else ""
    frame = ErrorFrame(f"speech: {error or type(error).__name__}{after}", exception=error)
    if status not in _LASTING:
        frame.category = ErrorCategory.UNKNOWN if status is None else classify_http_status_code(status)
        if frame.category.is_permanent:
            frame.category = ErrorCategory.UNKNOWN
    return frame
