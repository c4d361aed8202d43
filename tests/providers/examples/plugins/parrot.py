"""A voice that whistles: a service of Pipecat, and one hook."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.tts_service import TTSService

from agentrun import hookimpl


class ParrotTTSService(TTSService):
    """Whistles for as long as a person would need for the words."""

    def __init__(self, *, api_key: str, pitch: float = 440.0, **kwargs: Any) -> None:
        super().__init__(push_start_frame=True, push_stop_frames=True, **kwargs)
        self._key, self._pitch = api_key, pitch

    def can_generate_metrics(self) -> bool:
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        times = np.arange(int(self.sample_rate * 0.06 * len(text))) / self.sample_rate
        wave = (8000 * np.sin(2 * np.pi * self._pitch * times)).astype(np.int16)
        yield TTSAudioRawFrame(wave.tobytes(), self.sample_rate, 1, context_id=context_id)


@hookimpl
def agentrun_providers() -> Mapping[str, Mapping[str, type]]:
    return {"tts": {"parrot": ParrotTTSService}}
