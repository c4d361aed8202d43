"""What the caller says while a realtime session begins, or begins anew, waits for it.

Pipecat 1.14 sends it to a connection that is not there yet, or to none. The telephone's own sound waits in
``telephone.py``.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.realtime.telephone import WAITING_PIECES, PcmuRealtime
from agentrun.pipeline.pipecat_private.replacements import replace_method


class KeptSound:
    """Keeps the caller's sound, 5 s of it in frames of 20 ms, until the session of ``llm`` takes it."""

    def __init__(self, llm: Any) -> None:
        self._llm = llm
        self._frames: deque[InputAudioRawFrame] = deque(maxlen=WAITING_PIECES)
        self._is_sending = False
        self._send_on = replace_method(llm, "_send_user_audio", self.send)
        self._update = replace_method(llm, "_handle_evt_session_updated", self.updated)

    async def send(self, frame: InputAudioRawFrame) -> None:
        """Send a frame on, behind all that waits."""
        if self._is_sending or not self._llm._api_session_ready:
            self._frames.append(frame)
        else:
            await self._send_on(frame)

    async def updated(self, evt: Any) -> None:
        """The session is set up: send what waits."""
        self._is_sending = True
        try:
            await self._update(evt)
            while self._frames:
                await self._send_on(self._frames.popleft())
        except Exception:
            # a session that is given up here is cancelled instead, and the next one takes what waits
            self._frames.clear()
            raise
        finally:
            self._is_sending = False


def keep_early_sound(llm: object) -> None:
    """Have a realtime service that is given frames of sound lose none of them to a session that begins."""
    if isinstance(llm, OpenAIRealtimeLLMService) and not isinstance(llm, PcmuRealtime):
        KeptSound(llm)
