"""What has become of the answer that a caller is owed."""

from __future__ import annotations

from enum import Enum

SETTLE_SECONDS = 0.3
"""An answer without words may have been cut by the caller, whose turn is told of a moment later."""
EARLY_SECONDS = 1.0
"""By how much the beginning or the end of a realtime model's answer may be told ahead of the end of the
caller's turn."""


class AnswerState(Enum):
    """Where an answer stands; ``NONE`` is that the caller waits for none."""

    NONE = "none"
    AWAITED = "awaited"
    SPEAKING = "speaking"
    STALLED = "stalled"
    EMPTY = "empty"
    FAILED = "failed"
    DONE = "done"
