"""Decides in one place what was said, for the model's context and for the record alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipecat.frames.frames import LLMContextAssistantTimestampFrame
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.turns import user_turn_completion_mixin as completion
from pipecat.utils.time import time_now_iso8601

from agentrun.pipeline.audio.cut_answer import CutAnswer
from agentrun.pipeline.audio.playout_tracking import PlayoutTracker
from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.records import CutBy
from agentrun.text_normalization import words as texts

_MARKERS = (
    completion.USER_TURN_COMPLETE_MARKER,
    completion.USER_TURN_INCOMPLETE_SHORT_MARKER,
    completion.USER_TURN_INCOMPLETE_LONG_MARKER,
)
_MARKED = re.compile("|".join(map(re.escape, _MARKERS)))
"""Markers that a model writes to judge the end of turns; they are never spoken."""


@dataclass(frozen=True)
class HeardAnswer:
    """The ``words`` that a caller heard, from ``began`` of the event loop's time on, and what cut them."""

    words: str
    began: float
    cut_by: CutBy


class HeardAnswers:
    """Ends each answer of one call as it was heard, and tells ``listener`` of it.

    Pipecat's aggregator keeps the sentences that were played to their end. Of an answer that is cut it would
    lose the sentence that was being played, and with the first sentence the whole answer; of a realtime
    model's it would keep what nobody has heard.
    """

    def __init__(
        self,
        assistant: LLMAssistantAggregator,
        playout: PlayoutTracker,
        listener: Callable[[HeardAnswer], None],
    ) -> None:
        self._assistant = assistant
        self._playout = playout
        self._listener = listener
        replace_method(assistant, "push_aggregation", self._push_aggregation)

    def cut(self, by: CutBy) -> None:
        """Nothing more of the answer is heard from now on."""
        self._playout.cut(by)

    def close(self) -> None:
        """The pipeline is gone: what it has not ended any more was heard as far as it was played."""
        self._playout.cut("server")
        if cut := self._playout.take_cut():
            self._tell(cut.words, cut.began, cut.by)

    async def _push_aggregation(self) -> str:
        """As the aggregator's own, with the words that were heard; gives those that the model knows of."""
        assistant = self._assistant
        words, remembered, began, by = self._ended(assistant.aggregation_string())
        await assistant.reset()
        if not words:
            return ""
        if remembered:
            assistant.context.add_message({"role": "assistant", "content": remembered})
        self._tell(words, began, by)
        if remembered:
            await assistant.push_context_frame()
            await assistant.push_frame(LLMContextAssistantTimestampFrame(timestamp=time_now_iso8601()))
        return remembered

    def _ended(self, whole: str) -> tuple[str, str, float, CutBy]:
        """The words of the answer that is over, those that the model knows of, when it began, what cut it."""
        cut: CutAnswer | None = self._playout.take_cut()
        if cut is None and self._playout.is_closed:
            # of an answer that was dropped when the line was closed, or that has come since
            return "", "", 0.0, ""
        audible = whole
        for silent in cut.silent if cut else self._playout.silent:
            audible = texts.without(audible, silent)
        if cut is None:
            portion = self._playout.heard_of(audible)
            began = self._playout.take_whole(whole) if whole else 0.0
            return portion, portion, began, "" if portion == audible else "provider"
        if not self._playout.announced:
            return cut.words, cut.remembered, cut.began, cut.by
        if cut.timed and cut.words == cut.remembered:
            return audible or cut.words, audible or cut.words, cut.began, cut.by
        # both are the beginning of the same words; sentences that have gone out were heard for certain
        words, remembered = max(audible, cut.words, key=len), max(audible, cut.remembered, key=len)
        return words, remembered, cut.began, cut.by

    def _tell(self, words: str, began: float, by: CutBy) -> None:
        text = _MARKED.sub("", words).strip()
        if text:
            self._listener(HeardAnswer(text, began, by))
            self._playout.was_heard(began)
