"""Words of an answer, and the length of their sound."""

from __future__ import annotations

from dataclasses import dataclass

CHARACTERS_PER_SECOND = 15.0
"""Of English speech at an ordinary pace; it stands in for the length of sound that has not come yet."""


@dataclass
class Piece:
    """Words of one answer, and how much of their sound has come; ``whole`` when no more of it will."""

    answer: int
    words: str
    segment: int = 0
    seconds: float = 0.0
    whole: bool = False

    @property
    def length(self) -> float:
        """Seconds that the words take, as far as can be known."""
        return self.seconds if self.whole else max(self.seconds, len(self.words) / CHARACTERS_PER_SECOND)
