"""What a caller said at a stretch, until its words are there, and what is told where there are none."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pipecat.frames.frames import ErrorFrame

from agentrun.pipeline.failover.failover import Directed

LONGEST_FRAMES = 6_000
"""Of one utterance: two minutes in pieces of 20 ms."""


@dataclass
class NothingHeardFrame(ErrorFrame):
    """The caller made a sound, and nobody wrote words down; it may have been noise."""


@dataclass
class NoWordsFrame(NothingHeardFrame):
    """The caller spoke for so long that it was no cough, and the service answered that it was nothing."""


@dataclass
class Utterance:
    """What the caller said between two silences, frame by frame; when it ended is on the loop's clock."""

    frames: deque[Directed] = field(default_factory=lambda: deque(maxlen=LONGEST_FRAMES))
    seconds: float = 0.0
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the caller has paused behind it."""
        return self.ended_at is not None
