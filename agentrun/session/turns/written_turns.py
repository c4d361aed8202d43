"""Turns what a caller writes in a page into turns, as if they had spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame

from agentrun.pipeline import pipecat_private
from agentrun.session.tracking.transcript import Transcript

if TYPE_CHECKING:
    from agentrun.session.turns.caller_turns import CallerTurns


class WrittenTurns:
    """Records RTVI's ``send-text`` messages, and expects an answer to each.

    Pipecat gives the words to a language model itself, but to few realtime models.
    """

    def __init__(self, worker: PipelineWorker, turns: CallerTurns, transcript: Transcript) -> None:
        self._turns = turns
        self._transcript = transcript
        worker.add_reached_downstream_filter((RTVISendTextFrame,))
        worker.add_event_handler("on_frame_reached_downstream", self._reached)

    async def _reached(self, _worker: Any, frame: Any) -> None:
        if isinstance(frame, RTVISendTextFrame) and not self._turns.is_over():
            self._transcript.written(frame.text)
            await self._turns.input_begins()
            await self._turns.input_ends(answered=True)
            if self._turns.parts.is_realtime:
                await pipecat_private.realtime_answer_written(self._turns.parts.llm, frame.text)
