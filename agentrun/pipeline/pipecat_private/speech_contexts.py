"""How long a speech service's context stays open for audio that has not arrived yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.tts_service import TTSService, WebsocketTTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp

from agentrun.pipeline.pipecat_private.replacements import replace_method

_PATIENCE = 0.6
"""The share of what a caller may wait for that a voice may be silent; the rest is for whoever goes on."""
_EARLY = 0.9
"""Of Pipecat's own wait: what returned sooner was not in vain."""


@dataclass
class VoiceBrokeOffFrame(ErrorFrame):
    """A voice that streams has begun an answer, and gives no more of the sound that it owes."""


def keep_context_open(service: TTSService, seconds: float) -> None:
    """Have the context of a sentence not end while the sentence is being asked for, or its sound is owed.

    Pipecat ends one in which nothing came for 3 s: a voice whose first sound takes longer, as over HTTP it
    may, is then told of as one that made no sound, and the words before that moment count as not said. And
    one that is deaf amid an answer would have ended it. A caller may wait for ``seconds``.
    """
    _OpenContexts(service, seconds * _PATIENCE)


class _OpenContexts:
    """Waits for the sound of one service, which may be silent for ``longest`` seconds."""

    def __init__(self, service: TTSService, longest: float) -> None:
        self._service, self._longest = service, longest
        self._asked, self._sounding, self._begun = set[str](), set[str](), set[str]()
        self._lost: set[str] = set()
        self._run = replace_method(service, "run_tts", self._run_tts)
        self._following = replace_method(service, "_next_audio_context_item", self._next_item)
        if isinstance(service, WebsocketTTSService):
            self._close = replace_method(service, "_close_connection_contexts", self._lose)

    async def _run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self._asked.add(context_id)
        self._sounding.discard(context_id)
        try:
            async with aclosing(self._run(text, context_id)) as frames:
                async for frame in frames:
                    yield frame
        finally:
            self._asked.discard(context_id)

    async def _next_item(self, context_id: str) -> Frame | WordTimestamp | None:
        clock = asyncio.get_running_loop().time
        began, went_quiet = clock(), True
        while went_quiet:
            tried = clock()
            item: Frame | WordTimestamp | None = await self._following(context_id)
            if item is not None:
                self._note(item, context_id)
                return item
            # what is ended by the provider, or by an interruption, was not waited for in vain
            waited = clock() - tried >= self._service._stop_frame_timeout_s * _EARLY
            went_quiet = waited and self._service.audio_context_available(context_id)
            if went_quiet and context_id not in self._asked:
                went_quiet = self._owes(context_id) and clock() - began < self._longest
        await self._ended(context_id, owes=waited and self._owes(context_id))
        return None

    async def _lose(self) -> None:
        """The connection is gone, and with it what was to come over it."""
        self._lost |= {each for each in self._service.get_audio_contexts() if self._owes(each)}
        await self._close()

    def _note(self, item: Frame | WordTimestamp, context_id: str) -> None:
        if isinstance(item, TTSAudioRawFrame):
            self._sounding.add(context_id)
            self._begun.add(context_id)

    def _owes(self, context_id: str) -> bool:
        """Whether sound is to come: none has since the last text, or, as its words tell, not of all texts."""
        if not self._service.audio_context_available(context_id):
            return False
        tells_words = not (self._service._push_stop_frames or self._service._push_text_frames)
        unspoken = tells_words and self._service._aggregated_frame_sequencer._get_active_slot(context_id)
        return context_id not in self._sounding or bool(unspoken)

    async def _ended(self, context_id: str, *, owes: bool) -> None:
        lost, begun = context_id in self._lost, context_id in self._begun
        for contexts in (self._lost, self._sounding, self._begun):
            contexts.discard(context_id)
        if begun and (lost or owes):
            for_long = f"for {self._longest:.1f} s"
            why = f"the voice gave no more sound {'before its connection was lost' if lost else for_long}"
            await self._service.push_error_frame(VoiceBrokeOffFrame(why))
