"""Speech to text that begins at a pause, and says when a stretch of speech has been written down."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from openai.types.audio import Transcription
from pipecat.audio.utils import pcm_to_wav
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.services.whisper.base_stt import BaseWhisperSTTService

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.services import transcript_shapes
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.speech_segments import SegmentWrittenFrame

LAST_WORDS_SECONDS = 1.0
"""How long the end of a call may wait for what its caller said last."""


class SegmentTranscripts:
    """What a service for whole stretches of speech is asked, and when.

    Without ``pauses`` it is asked once the end of speech is certain. With them it is asked at each pause, and
    the request is withdrawn when the caller goes on; its seconds of sound count as used all the same.
    """

    def __init__(self, service: SegmentedSTTService, pauses: EarlyEndOfTurn | None) -> None:
        self._service = service
        self._early: asyncio.Task[list[Frame | None]] | None = None
        self._early_sound = b""
        self._queued: deque[asyncio.Task[list[Frame | None]] | None] = deque()
        self._transcribe = replace_method(service, "run_stt", self._run)
        self._stopped = replace_method(service, "_handle_user_stopped_speaking", self._end)
        self._stop_service = replace_method(service, "stop", self._stop)
        if pauses:
            pauses.watch(self._begin, self._withdraw)
            self._clean_up_service = replace_method(service, "cleanup", self._clean_up)

    async def _stop(self, frame: EndFrame) -> None:
        """A call that ends waits for the caller's last words only for a moment: their service may hang."""
        if task := self._service._segment_task:
            await self._service._segment_queue.put(None)
            await asyncio.wait({task}, timeout=LAST_WORDS_SECONDS)
            await self._service._cancel_segment_task()
        await self._stop_service(frame)

    async def so_far(self, seconds: float) -> list[Frame | None]:
        """What is written down of the last ``seconds`` of speech that goes on, which count as used."""
        pcm = bytes(self._service._audio_buffer[-2 * round(seconds * self._service.sample_rate) :])
        wants_wav = self._service.wants_wav_segments
        self._service._record_stt_audio_usage(pcm)
        return await _collected(
            self._transcribe(pcm_to_wav(pcm, self._service.sample_rate) if wants_wav else pcm)
        )

    def _begin(self) -> None:
        """Have written down what was said until this pause."""
        if self._service._user_speaking and self._service.is_usable and self._early is None:
            self._early_sound = bytes(self._service._audio_buffer) + self._service._trailing_silence()
            wav = pcm_to_wav(self._early_sound, self._service.sample_rate)
            self._early = asyncio.create_task(_collected(self._transcribe(wav)))

    def _withdraw(self) -> None:
        """The caller goes on."""
        early, self._early = self._early, None
        if early:
            early.cancel()
            self._service._record_stt_audio_usage(self._early_sound)

    async def _end(self, frame: VADUserStoppedSpeakingFrame) -> None:
        """The pause was the end of this stretch of speech."""
        early, self._early = self._early, None
        if self._service.is_usable:
            self._queued.append(early)
        elif early:
            early.cancel()
        await self._stopped(frame)

    async def _run(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        early = self._queued.popleft() if self._queued else None
        for frame in await (early or _collected(self._transcribe(audio))):
            yield frame
        yield SegmentWrittenFrame()

    async def _clean_up(self) -> None:
        for early in (self._early, *self._queued):
            if early:
                early.cancel()
        await self._clean_up_service()


async def _collected(frames: AsyncGenerator[Frame | None, None]) -> list[Frame | None]:
    return [frame async for frame in frames]


class StreamingSTT(OpenAIRealtimeSTTService):
    """OpenAI's streaming transcription, whose last words are marked as such.

    Pipecat leaves the mark out, and waits for as long as transcripts may take: 1.66 s after every turn.
    Nothing is written before the sound is committed, at a pause or by a look at what there is ``so_far``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._committed = 0
        self._looks: deque[asyncio.Future[list[Frame | None]]] = deque()

    async def so_far(self, _seconds: float) -> list[Frame | None]:
        """Have what was said since the last commit written down, amid the stretch of speech."""
        look: asyncio.Future[list[Frame | None]] = asyncio.get_running_loop().create_future()
        self._looks.append(look)
        await super()._commit_audio_buffer()  # type: ignore[no-untyped-call]
        return await look

    async def _commit_audio_buffer(self) -> None:
        self._committed += 1
        await super()._commit_audio_buffer()  # type: ignore[no-untyped-call]

    async def _connect_websocket(self) -> None:
        self._committed = 0
        while self._looks:
            if not (look := self._looks.popleft()).done():
                look.set_exception(ConnectionError("its connection was lost"))
        await super()._connect_websocket()  # type: ignore[no-untyped-call]

    async def _handle_transcription_completed(self, evt: dict[str, Any]) -> None:
        if self._looks:
            await super()._handle_transcription_completed(evt)
            words = evt.get("transcript", "")
            self._looked([TranscriptionFrame(words, "", "")] if words else [])
            return
        self._committed = max(0, self._committed - 1)
        self._finalize_pending = not self._committed
        await super()._handle_transcription_completed(evt)
        await self.push_frame(SegmentWrittenFrame())

    def _looked(self, written: list[Frame | None]) -> None:
        """What a look has found, which is not the end of a stretch of speech."""
        look = self._looks.popleft()
        if not look.done():
            look.set_result(written)

    async def _handle_transcription_failed(self, evt: dict[str, Any]) -> None:
        if self._looks:
            self._looked([ErrorFrame(str((evt.get("error") or {}).get("message") or "transcription failed"))])
            return
        self._committed = max(0, self._committed - 1)
        await super()._handle_transcription_failed(evt)
        await self.push_frame(SegmentWrittenFrame())


def check_transcripts(service: FrameProcessor) -> None:
    """Have a transcript read in each of its shapes, and what is none refused in words that say what came.

    Pipecat takes ``text`` of whatever it is given, and says how Python fails at that.
    """
    if not isinstance(service, BaseWhisperSTTService):
        return

    async def checked(audio: bytes) -> Any:
        answer = await transcribe(audio)
        words = transcript_shapes.text_of(answer)
        if words is None:
            raise TypeError(f"no transcript came, but {_described(answer)}")
        return answer if getattr(answer, "text", None) == words else Transcription.construct(text=words)

    transcribe = replace_method(service, "_transcribe", checked)


def _described(answer: object) -> str:
    """What an answer is, without what may be the caller's words.

    >>> _described(None), _described("Hello."), _described([1])
    ('null', 'plain text of 6 characters', 'JSON of another shape (list)')
    """
    if answer is None:
        return "null"
    if isinstance(answer, str):
        is_page = answer.lstrip().startswith("<")
        return "a page of HTML" if is_page else f"plain text of {len(answer)} characters"
    keys = [str(key)[:40] for key in getattr(answer, "model_fields_set", ())]
    keys += [str(key)[:40] for key in getattr(answer, "model_extra", None) or ()]
    if keys:
        return f"an object with {', '.join(sorted(set(keys))[:8])}"
    return f"JSON of another shape ({type(answer).__name__})"


def keep_sound(services: Sequence[FrameProcessor]) -> bool:
    """Have speech services push none of the sound that they hear; whether all of them can be told so.

    What stands behind them is handed the sound by somebody else.
    """
    able = [service for service in services if isinstance(service, STTService)]
    if len(able) < len(services):
        return False
    for service in able:
        service._audio_passthrough = False
    return True


def tells_segments(service: FrameProcessor) -> bool:
    """Whether a service says when a stretch of speech has been written down."""
    return isinstance(service, SegmentedSTTService | StreamingSTT)
