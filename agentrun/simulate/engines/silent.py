"""An engine for text conversations: it hears nothing and says nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator


class SilentEngine:
    """Hearing and voice in one."""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """No words, whatever the sound is."""
        del pcm, sample_rate, prompt
        return ""

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """One sample of nothing."""
        del text, voice, speed
        yield b"\0\0"
