"""How long a speech service's context stays open for audio that has not arrived yet."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.services.tts_service import TTSService, WebsocketTTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.text.base_text_aggregator import TextType

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.audio.playing_context import FASTEST, PlayingContext
from agentrun.pipeline.audio.spoken_piece import UNTOLD
from agentrun.pipeline.audio.voiced_sentences import (
    AskedOnce,
    UnheardSentenceFrame,
    sound_seconds,
)
from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.services.speech.audible_sound import EndlessError, check_end
from agentrun.pipeline.services.speech.resumption import longest
from agentrun.text_normalization import words as texts

_PATIENCE = 0.6
"""The share of what a caller may wait for that a voice may be silent; the rest is for whoever goes on."""
_EARLY = 0.9
"""Of Pipecat's own wait: what returned sooner was not in vain."""
_NO_SOUND = "the voice made no sound of {} characters"


@dataclass
class VoiceBrokeOffFrame(ErrorFrame):
    """A voice that streams has begun an answer, and gives no more of the sound that it owes."""


def keep_context_open(service: TTSService, seconds: float) -> None:
    """Have the context of a sentence not end while the sentence is being asked for, or its sound is owed.

    Pipecat ends one in which nothing came for 3 s: a voice whose first sound takes longer, as over HTTP it
    may, is then told of as one that made no sound, and the words before that moment count as not said. And
    one that is deaf amid an answer would have ended it. A caller may wait for ``seconds``.

    A sentence counts as said once its sound has come: not when it was sent, as it does where a voice streams
    and times no words, and not where the sound is silence.
    """
    _OpenContexts(service, seconds * _PATIENCE)


class _OpenContexts:
    """Waits for the sound of one service, which may be silent for ``longest`` seconds."""

    def __init__(self, service: TTSService, longest: float) -> None:
        self._service, self._longest = service, longest
        # those whose last text has sounded or failed are settled
        self._asked, self._settled, self._begun = set[str](), set[str](), set[str]()
        self._lost, self._streams = set[str](), False
        self._most: dict[str, float] = {}  # how many seconds the words of a context may take
        self._playing = PlayingContext("")
        self._run = replace_method(service, "run_tts", self._run_tts)
        self._following = replace_method(service, "_next_audio_context_item", self._next_item)
        if isinstance(service, WebsocketTTSService):
            self._close = replace_method(service, "_close_connection_contexts", self._lose)
        pushed_frames.watch_pushed_frames(service, TTSTextFrame, self._mark)

    async def _run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self._asked.add(context_id)
        self._settled.discard(context_id)
        most = longest(text)
        self._most[context_id] = self._most.get(context_id, 0.0) + most
        try:
            for _ in range(2):
                asked, seconds = AskedOnce(), 0.0
                async with aclosing(self._run(text, context_id)) as frames:
                    async for frame in frames:
                        self._streams = self._streams or frame is None
                        if isinstance(frame, ErrorFrame):  # nothing of this text is to come
                            self._settled.add(context_id)
                        seconds += sound_seconds(frame)
                        check_end(text, seconds, most)
                        for each in asked.gives(frame) if self._may_be_silent(text) else (frame,):
                            yield each
                if not (asked.is_silent and self._may_be_silent(text)):
                    return
            yield ErrorFrame(_NO_SOUND.format(len(text)))
        except EndlessError as error:
            yield ErrorFrame(str(error), exception=error)
        finally:
            self._asked.discard(context_id)

    def _may_be_silent(self, text: str) -> bool:
        """Whether silence of ``text`` is noticed where it is asked for: that of words, made at once."""
        beside = isinstance(self._service, WebsocketTTSService) or not self._service._push_text_frames
        return not (beside or self._streams) and any(map(str.isalnum, text))

    def _is_there(self, context_id: str) -> bool:
        return context_id in self._asked or self._service.audio_context_available(context_id)

    async def _next_item(self, context_id: str) -> Frame | WordTimestamp | None:
        if self._playing.context_id != context_id or self._playing.is_ended:
            self._playing = PlayingContext(context_id)
            self._most = {each: most for each, most in self._most.items() if self._is_there(each)}
        playing = self._playing
        while not playing.ready:
            item = await self._awaited(context_id)
            if self._streams and isinstance(item, TTSTextFrame) and item.text_type is not TextType.WORD:
                playing.texts.append(item)
                continue
            if item is None or isinstance(item, TTSStoppedFrame):
                playing.ready.extend(playing.texts)
                playing.texts.clear()
                playing.is_over = True
            playing.ready.append(item)
            await self._judge(playing, item)
        given = playing.ready.popleft()
        playing.is_ended = given is None
        return given

    async def _awaited(self, context_id: str) -> Frame | WordTimestamp | None:
        if self._playing.seconds > self._most.get(context_id, math.inf):
            why = f"{self._playing.seconds:.0f} s of sound for what was to be said, and no end"
            await self._service.push_error_frame(VoiceBrokeOffFrame(why))
            return None
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

    async def _judge(self, playing: PlayingContext, item: Frame | WordTimestamp | None) -> None:
        """Tell of the sentences of a voice that times its words for which it has given silence."""
        if self._service._push_text_frames:
            return
        if isinstance(item, TTSAudioRawFrame):
            playing.times.sound(item)
        elif isinstance(item, WordTimestamp):
            # the one that it ends, where none of its own words were timed
            slot = self._service._aggregated_frame_sequencer._get_active_slot(playing.context_id)
            if slot:
                playing.lengths[slot.frame.id] = len(slot.frame.text)
                playing.times.word(slot.frame.id, item.timestamp)
        for sentence in (*playing.times.silent(is_over=playing.is_over), *playing.take_skipped()):
            why = _NO_SOUND.format(playing.lengths.get(sentence, 0))
            await self._service.push_error_frame(
                UnheardSentenceFrame(why, category=ErrorCategory.APPLICATION, segment=sentence)
            )

    def _mark(self, frame: TTSTextFrame) -> None:
        if frame.text_type is not TextType.WORD or frame.context_id != self._playing.context_id:
            return
        if self._playing.is_over:
            frame.metadata[UNTOLD] = True
        else:
            self._playing.told(frame)

    async def _lose(self) -> None:
        """The connection is gone, and with it what was to come over it."""
        self._lost |= {each for each in self._service.get_audio_contexts() if self._owes(each)}
        await self._close()

    def _note(self, item: Frame | WordTimestamp, context_id: str) -> None:
        if isinstance(item, TTSAudioRawFrame):
            self._settled.add(context_id)
            self._begun.add(context_id)
            self._playing.seconds += sound_seconds(item)

    def _owes(self, context_id: str) -> bool:
        """Whether sound is to come: none has since the last text, or, as its words tell, not of all texts.

        Of texts whose words are not told there is less sound than anybody could say them in.
        """
        if not self._service.audio_context_available(context_id):
            return False
        if context_id not in self._settled:
            return True
        playing = self._playing
        if playing.texts and playing.context_id == context_id:
            usual = sum(texts.seconds(frame.text) for frame in playing.texts)
            return playing.seconds < usual * FASTEST
        tells_words = not (self._service._push_stop_frames or self._service._push_text_frames)
        unspoken = tells_words and self._service._aggregated_frame_sequencer._get_active_slot(context_id)
        return bool(unspoken)

    async def _ended(self, context_id: str, *, owes: bool) -> None:
        lost, begun = context_id in self._lost, context_id in self._begun
        for contexts in (self._lost, self._settled, self._begun):
            contexts.discard(context_id)
        if begun and (lost or owes):
            for_long = f"for {self._longest:.1f} s"
            why = f"the voice gave no more sound {'before its connection was lost' if lost else for_long}"
            await self._service.push_error_frame(VoiceBrokeOffFrame(why))
