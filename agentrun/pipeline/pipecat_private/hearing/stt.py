"""Speech to text that starts at a pause, and reports when a stretch of speech is transcribed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import Any

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

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.speech_segments import SegmentWrittenFrame

LAST_WORDS_SECONDS = 1.0
"""How long a caller may be kept on the line for what they said last; it is waited for without them then."""
Later = Callable[[Coroutine[Any, Any, str]], None]
"""Told of words that are still to come when the pipeline ends."""


class SegmentTranscripts:
    """What a service for whole stretches of speech is asked, and when.

    Without ``pauses`` it is asked once the end of speech is certain. With them it is asked at each pause, and
    the request is withdrawn when the caller goes on; its seconds of sound count as used all the same.
    ``later`` is given the words that are still to come when the call has ended.
    """

    def __init__(self, service: SegmentedSTTService, pauses: EarlyEndOfTurn | None, later: Later) -> None:
        self._service, self._later = service, later
        self._request: asyncio.Task[list[Frame | None]] | None = None
        self._ends = False
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
        """Keep nobody on the line for the caller's last words: their service may be slow, or hang."""
        if task := self._service._segment_task:
            await self._service._segment_queue.put(None)
            _, pending = await asyncio.wait({task}, timeout=LAST_WORDS_SECONDS)
            self._ends = bool(pending)
            await self._service._cancel_segment_task()
            if self._ends:
                self._later(_words(self._left()))
        await self._stop_service(frame)

    def _left(self) -> list[asyncio.Task[list[Frame | None]]]:
        """What is under way, and what was still to be asked for."""
        left = [self._request] if self._request else []
        while not self._service._segment_queue.empty():
            if audio := self._service._segment_queue.get_nowait():
                left.append(self._asked(audio))
        return left

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

    def _asked(self, audio: bytes) -> asyncio.Task[list[Frame | None]]:
        early = self._queued.popleft() if self._queued else None
        return early or asyncio.create_task(_collected(self._transcribe(audio)))

    async def _run(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        request = self._request = self._asked(audio)
        try:
            written = await asyncio.shield(request)
        except asyncio.CancelledError:
            if not self._ends:
                request.cancel()
            raise
        self._request = None
        for frame in written:
            yield frame
        yield SegmentWrittenFrame()

    async def _clean_up(self) -> None:
        for early in (self._early, *self._queued):
            if early:
                early.cancel()
        await self._clean_up_service()


async def _collected(frames: AsyncGenerator[Frame | None, None]) -> list[Frame | None]:
    return [frame async for frame in frames]


async def _words(requests: Sequence[asyncio.Task[list[Frame | None]]]) -> str:
    """What is written down in the end; raises what a service raises, or tells of."""
    try:
        written = [frame for request in requests for frame in await request]
    finally:
        for request in requests:
            request.cancel()
    if failed := next((frame for frame in written if isinstance(frame, ErrorFrame)), None):
        raise ConnectionError(failed.error)
    return " ".join(frame.text for frame in written if isinstance(frame, TranscriptionFrame))


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
