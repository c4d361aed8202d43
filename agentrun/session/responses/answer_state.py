"""What has become of the answer that a caller is owed."""

from __future__ import annotations

from enum import Enum


class AnswerState(Enum):
    """Where an answer stands; ``NONE`` is that the caller waits for none."""

    NONE = "none"
    AWAITED = "awaited"
    SPEAKING = "speaking"
    STALLED = "stalled"
    EMPTY = "empty"
    FAILED = "failed"
    DONE = "done"
