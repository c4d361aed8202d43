"""The state of the answer that a caller is waiting for."""

from __future__ import annotations

from enum import Enum

SETTLE_SECONDS = 0.3
"""An answer without words may have been cut by the caller, whose turn is told of a moment later."""
EARLY_SECONDS = 1.0
"""By how much the beginning or the end of a realtime model's answer may be told ahead of the end of the
caller's turn."""


class AnswerState(Enum):
    """Where an answer stands."""

    NONE = "none"
    """The caller waits for none, or has cut it off."""
    AWAITED = "awaited"
    """It is owed, and nothing of it was heard; a tool may be at work for it."""
    SPEAKING = "speaking"
    """It is being heard, or was, and its end has not come."""
    DONE = "done"
    """It was heard to its end."""
    STALLED = "stalled"
    """It has begun, and does not go on."""
    EMPTY = "empty"
    """It has ended without a word that could be heard."""
    FAILED = "failed"
    """Nothing of it came in time."""
    LOST = "lost"
    """Its connection was lost, and another one is being made; then it is owed again."""

    @property
    def went_wrong(self) -> bool:
        """Whether something is done about it now: it is asked for again, or the agent apologises."""
        return self in (AnswerState.STALLED, AnswerState.EMPTY, AnswerState.FAILED)

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it, be it by what is done about it."""
        return self not in (AnswerState.NONE, AnswerState.DONE)


class Loss(Enum):
    """What is lost with a connection to a realtime model, and what the next one has to make up for."""

    NOTHING = "nothing"
    """All that is due has come, or a tool is at work for it."""
    ANSWER = "answer"
    """The conversation has what is to be answered: the model is asked for it again."""
    WORDS = "words"
    """The caller's, or half of an answer: they are asked to repeat what they said."""
