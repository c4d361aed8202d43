"""Text to speech with hibari's bundled voice, sentence by sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from hibari import Hibari

_CHUNK_BYTES = 4_800


class PackagedVoice:
    """One US English voice, whatever voice is asked for."""

    def __init__(self) -> None:
        self._engine = Hibari()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="hibari")

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """24 kHz, 16-bit mono PCM in pieces of 100 ms; a sentence is given before the next is begun."""
        del voice
        loop = asyncio.get_running_loop()
        for sentence in Hibari.split_sentences(text):
            pcm = await loop.run_in_executor(self._worker, self._say, sentence, speed)
            for start in range(0, len(pcm), _CHUNK_BYTES):
                yield pcm[start : start + _CHUNK_BYTES]

    def _say(self, sentence: str, speed: float) -> bytes:
        audio: Any = self._engine(sentence, speed=min(max(speed, 0.5), 2.0))
        pcm: bytes = (np.clip(audio, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        return pcm
