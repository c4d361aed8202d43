"""How long a speech service's context stays open for sound that has not come yet."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pipecat.frames.frames import Frame
from pipecat.services.tts_service import TTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp

from agentrun.pipeline.pipecat_private.replacements import replace_method


def keep_context_open(service: TTSService) -> None:
    """Have the context of a sentence not end while the sentence is being asked for.

    Pipecat ends one in which nothing came for 3 s: a voice whose first sound takes longer, as over HTTP it
    may, is then told of as one that made no sound, and the words before that moment count as not said.
    """
    asked: set[str] = set()

    async def run_tts(text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        asked.add(context_id)
        try:
            async with aclosing(run(text, context_id)) as frames:
                async for frame in frames:
                    yield frame
        finally:
            asked.discard(context_id)

    async def next_item(context_id: str) -> Frame | WordTimestamp | None:
        item: Frame | WordTimestamp | None = await following(context_id)
        while item is None and context_id in asked and service.audio_context_available(context_id):
            item = await following(context_id)
        return item

    run = replace_method(service, "run_tts", run_tts)
    following = replace_method(service, "_next_audio_context_item", next_item)
