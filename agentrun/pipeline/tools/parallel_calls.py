"""Tools that one answer of the model has called."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private

_CALLING_SECONDS = 5.0


class ParallelToolCalls:
    """Counts the tools at work for each turn of the caller, so that the last one has the model go on.

    Pipecat 1.14 counts them itself for a cascade; to it, every tool of a realtime model is alone, and the
    model would answer after the first of several.
    """

    def __init__(self) -> None:
        self._working: Counter[int] = Counter()

    @contextlib.contextmanager
    def at_work(self, turn: int) -> Iterator[None]:
        """A tool of this turn works while the block runs."""
        self._working[turn] += 1
        try:
            yield
        finally:
            self._working[turn] -= 1

    async def told(self, llm: FrameProcessor) -> bool:
        """Wait until a realtime ``llm`` has called everything that it will call; whether it is one."""
        if not isinstance(llm, OpenAIRealtimeLLMService):
            return False
        await pipecat_private.wait_until_answering(llm, False, _CALLING_SECONDS)
        return True

    def is_last(self, turn: int) -> bool:
        """Whether no other tool of this turn is at work."""
        return not self._working[turn]
