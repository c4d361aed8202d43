"""One utterance of the caller, from its first sound to its transcript or its failure."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipecat.frames.frames import ErrorFrame, Frame, InputAudioRawFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection

from agentrun.pipeline.failover.failover import Directed

LONGEST_FRAMES = 6_000
"""Of one utterance: two minutes in pieces of 20 ms."""
PRE_ROLL_SECONDS = 1.0
"""Kept from before an utterance; as much as Pipecat's services keep, so theirs of long ago gives way."""

REPEATED_SECONDS = 3.0
"""The same words within this time, without speech in between, count as one transcript."""
_STARTS = ("start", "start_ms", "start_time")
REPEATED = "the same words once more, and nobody has spoken since"


class PreRoll:
    """Buffers the caller's latest audio, from before their speech is detected."""

    def __init__(self) -> None:
        self.frames: deque[Directed] = deque()
        self._seconds = 0.0

    def keep(self, frame: Frame, direction: FrameDirection) -> None:
        """Keep an audio frame, and drop those older than ``PRE_ROLL_SECONDS``."""
        if not isinstance(frame, InputAudioRawFrame):
            return
        self.frames.append((frame, direction))
        self._seconds += frame.num_frames / frame.sample_rate
        while self._seconds > PRE_ROLL_SECONDS:
            oldest, _ = self.frames.popleft()
            assert isinstance(oldest, InputAudioRawFrame)  # noqa: S101
            self._seconds -= oldest.num_frames / oldest.sample_rate

    def take(self) -> deque[Directed]:
        """Take what was kept, as the beginning of an utterance."""
        taken = deque(self.frames, maxlen=LONGEST_FRAMES)
        self.frames.clear()
        self._seconds = 0.0
        return taken


class LastWords:
    """What a service that streams has written down last, which it may tell once more.

    It does so over a new connection, and at the end of an utterance that it has ended by itself. Words that
    began later, as the service has it, are the caller's own second ones: "Five. Five."
    """

    def __init__(self) -> None:
        self._words, self._at = "", 0.0
        self._began: float | None = None

    def are(self, frame: TranscriptionFrame, *, is_silent: bool) -> bool:
        """Whether ``frame`` is that again, nobody heard since where it ``is_silent``; else it is last."""
        now, words, began = asyncio.get_running_loop().time(), frame.text.strip(), _start(frame.result)
        # over a new connection times are counted from its beginning
        moved = began is not None and self._began is not None and began > self._began
        if is_silent and words == self._words and not moved and now - self._at < REPEATED_SECONDS:
            return True
        self._words, self._at, self._began = words, now, began
        return False


def _start(result: object, depth: int = 6) -> float | None:
    """When the words of a provider's ``result`` began, in whatever unit it has; None where it tells nothing.

    >>> _start({"words": [{"text": "Five.", "start": 1.5}, {"text": "Six.", "start": 2.5}]})
    1.5
    """
    fields = result if isinstance(result, Mapping) else getattr(result, "__dict__", {})
    for name in _STARTS:
        if isinstance(at := fields.get(name), float | int):
            return float(at)
    parts = result[:1] if isinstance(result, list | tuple) else fields.values()
    found = (_start(part, depth - 1) for part in parts if depth)
    return next((at for at in found if at is not None), None)


@dataclass
class NothingHeardFrame(ErrorFrame):
    """The caller made a sound, and nobody wrote words down; it may have been noise."""


@dataclass
class NoWordsFrame(NothingHeardFrame):
    """The caller spoke for so long that it was no cough, and the service answered that it was nothing."""


@dataclass
class NoiseFrame(NothingHeardFrame):
    """What is taken for the caller's voice goes on without a pause, and nobody finds words in it."""


@dataclass
class Utterance:
    """What the caller said between two silences, frame by frame; its end is on the loop's clock."""

    frames: deque[Directed] = field(default_factory=lambda: deque(maxlen=LONGEST_FRAMES))
    seconds: float = 0.0
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the caller has paused behind it."""
        return self.ended_at is not None
