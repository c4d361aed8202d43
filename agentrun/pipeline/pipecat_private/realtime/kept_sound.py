"""Buffers the caller's audio while a realtime session starts or is replaced.

Pipecat 1.14 sends it to a connection that is not there yet, or to none. The telephone's own sound waits in
``telephone.py``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.realtime.gemini_sessions import has_connection
from agentrun.pipeline.pipecat_private.realtime.telephone import WAITING_PIECES, PcmuRealtime
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method


class KeptSound:
    """Keeps the caller's sound, 5 s of it in frames of 20 ms, until the session of ``llm`` takes it.

    ``is_ready`` says whether it does; that it may is told to its method ``told``.
    """

    def __init__(self, llm: Any, is_ready: Callable[[], bool], told: str) -> None:
        self._is_ready = is_ready
        self._frames: deque[InputAudioRawFrame] = deque(maxlen=WAITING_PIECES)
        self._is_sending = False
        self._send_on = replace_method(llm, "_send_user_audio", self.send)
        self._begin = replace_method(llm, told, self.begins)

    async def send(self, frame: InputAudioRawFrame) -> None:
        """Send a frame on, behind all that waits."""
        self._frames.append(frame)
        await self._send_waiting()

    async def begins(self, session: Any) -> None:
        """The session is set up: send what waits."""
        self._is_sending = True
        try:
            await self._begin(session)
        except Exception:
            # a session that is given up here is cancelled instead, and the next one takes what waits
            self._frames.clear()
            raise
        finally:
            self._is_sending = False
        await self._send_waiting()

    async def _send_waiting(self) -> None:
        if self._is_sending:
            return
        self._is_sending = True
        try:
            while self._frames and self._is_ready():
                await self._send_on(self._frames.popleft())
        finally:
            self._is_sending = False


def keep_early_sound(llm: Any) -> None:
    """Have a realtime service that is given frames of sound lose none of them to a session that begins."""
    if isinstance(llm, PcmuRealtime):
        return
    if isinstance(llm, OpenAIRealtimeLLMService):
        KeptSound(llm, lambda: bool(llm._api_session_ready), "_handle_evt_session_updated")
    elif is_replaceable(llm, "_handle_session_ready"):
        KeptSound(
            llm,
            lambda: has_connection(llm) and bool(llm._ready_for_realtime_input),
            "_handle_session_ready",
        )
