"""How long the transcription of an utterance may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline.pipecat_private.replacements import replace_method


def bound(
    service: SegmentedSTTService,
    seconds: float,
    answered: Callable[[SegmentedSTTService, Sequence[TranscriptionFrame]], None],
) -> None:
    """Give ``service`` a limit of ``seconds`` for each utterance; ``answered`` is told of every answer,
    and what was written in it.

    Its own task transcribes, and it has no limit that fits a conversation: OpenAI's client waits 10 minutes.
    """

    async def run_stt(audio: bytes) -> AsyncGenerator[Frame | None, None]:
        try:
            async with asyncio.timeout(seconds):
                frames = [frame async for frame in run(audio)]
        except TimeoutError:
            words = f"no transcript within {seconds:g} s"
            frames = [ErrorFrame(words, category=ErrorCategory.CONNECTIVITY)]
        for frame in frames:
            yield frame
        if not any(isinstance(frame, ErrorFrame) for frame in frames):
            answered(service, [frame for frame in frames if isinstance(frame, TranscriptionFrame)])

    run = replace_method(service, "run_stt", run_stt)
