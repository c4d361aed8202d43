"""What is being played of one of a speech service's contexts, and which of its sentences it left out."""

from __future__ import annotations

from collections import deque

from pipecat.frames.frames import Frame, TTSTextFrame
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp

from agentrun.pipeline.audio.voiced_sentences import SentenceTimes
from agentrun.text_normalization import words as texts

FASTEST = 0.35
"""Of the time that words usually take: a voice that does not time them and has given less is not through."""
_LEAST_SECONDS, _WORD_SECONDS = 0.8, 0.3
"""Of a sentence that is known to have been left out, and of the word before it."""


class PlayingContext:
    """The context that is being played: its sound so far, and the texts that are said by it."""

    def __init__(self, context_id: str) -> None:
        self.context_id = context_id
        self.seconds = 0.0
        self.is_over = self.is_ended = False
        """No more of it is to come, and that was told."""
        self.texts: list[TTSTextFrame] = []
        self.ready: deque[Frame | WordTimestamp | None] = deque()
        self.times = SentenceTimes()
        self.lengths: dict[int, int] = {}
        """In characters, of the sentences whose words are timed."""
        self._words = deque[TTSTextFrame](maxlen=3)
        self._skipped: list[int] = []

    def told(self, frame: TTSTextFrame) -> None:
        """A word is said. One of the next sentence ends a sentence of which the voice has timed none."""
        self._words.append(frame)
        if len(self._words) < 3:
            return
        last, all_at_once, following = self._words
        is_alone = len({word.segment_id for word in self._words}) == 3
        if is_alone and all_at_once.pts == following.pts and all_at_once.segment_id is not None:
            had = ((all_at_once.pts or 0) - (last.pts or 0)) / 1e9
            usual = texts.seconds(all_at_once.text)
            if usual >= _LEAST_SECONDS and had < _WORD_SECONDS + usual * FASTEST:
                self._skipped.append(all_at_once.segment_id)

    def take_skipped(self) -> list[int]:
        """The sentences that the voice has left no time for, each once."""
        skipped, self._skipped = self._skipped, []
        return skipped
