"""The caller's text to speech and speech to text, for scripts in text and servers without records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.errors import SetupError
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.caller.sound.speech import Speech
from agentrun.transports.mulaw import RATE, Samples

if TYPE_CHECKING:
    from agentrun.simulate.engines.engines import Engines


class OfflineEngines:
    """Loads the models of the extra ``offline`` when they are first needed."""

    def __init__(self) -> None:
        self._engines: Engines | None = None
        self._missing = False

    async def speak(self, text: str) -> Speech:
        """``text`` in the offline voice; raises SetupError when the extra is not installed."""
        from agentrun.simulate.engines.engines import VOICE_RATE

        voice = (await self._load()).voice
        pcm = b"".join([part async for part in voice.speak(text, "alloy", 1.0)])
        return speech.from_pcm(pcm, VOICE_RATE)

    async def transcribe(self, pcm: Samples) -> str:
        """The words of sound at 8 kHz; nothing when the extra is not installed."""
        if self._missing:
            return ""
        try:
            hearing = (await self._load()).hearing
        except SetupError:
            self._missing = True
            return ""
        return await hearing.transcribe(pcm.tobytes(), RATE, "")

    async def _load(self) -> Engines:
        from agentrun.simulate.engines import engines

        if self._engines is None:
            self._engines = await engines.load_offline()
        return self._engines
