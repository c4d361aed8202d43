"""How many words it takes to interrupt the agent, in any script."""

from __future__ import annotations

from dataclasses import replace

from pipecat.frames.frames import Frame, InterimTranscriptionFrame, TranscriptionFrame
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy

from agentrun.text_normalization import words


class EnoughWords(MinWordsUserTurnStartStrategy):
    """``turns.min_words``: Pipecat counts what stands between spaces, and a Chinese sentence has none."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame):
            frame = replace(frame, text="word " * words.count(frame.text))
        return await super().process_frame(frame)
