"""OpenAI's speech, and what of it was made before it is needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.openai.tts import OpenAITTSService

from agentrun.plan.plan import ServicePlan

RATE = 24_000
"""Hz of 16-bit mono PCM; OpenAI's speech endpoint has no other rate."""
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
    heard = sorted((name, repr(value)) for name, value in voice.settings.items() if name not in _NOT_HEARD)
    return (voice.base_url, voice.model, repr(heard), text.strip())


class OpenAISpeech(OpenAITTSService):
    """Speech that is heard when ``buffer`` seconds of it are there; Pipecat waits for half a second.

    What stands in ``ready`` is asked of nobody.
    """

    def __init__(self, voice: ServicePlan, ready: PreparedSpeech, buffer: float, **kwargs: Any) -> None:
        super().__init__(sample_rate=RATE, **kwargs)
        self._planned, self._ready = voice, ready
        self._buffer = buffer

    @property
    def chunk_size(self) -> int:
        return int(self.sample_rate * self._buffer) * 2

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        pcm = self._ready.find(self._planned, text)
        if pcm is None:
            async for frame in super().run_tts(text, context_id):
                yield frame
            return
        await self.stop_ttfb_metrics()
        for start in range(0, len(pcm), self.chunk_size):
            yield TTSAudioRawFrame(pcm[start : start + self.chunk_size], RATE, 1, context_id=context_id)
