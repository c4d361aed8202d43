"""What a model has made of an answer, in one try, and how much of that has come to the line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agentrun.session.responses.answer_state import EARLY_SECONDS, AnswerState
from agentrun.session.responses.silence import Silence


@dataclass
class Attempt:
    """One try; the next one knows nothing of it. Times are in seconds.

    >>> attempt = Attempt(arriving=True, voiced=True)
    >>> attempt.made(10.0)
    >>> attempt.begun_at, attempt.is_whole
    (10.0, False)
    """

    begun_at: float | None = None
    """When there were the first words, the first sound or the call of a tool."""
    arriving: bool = False
    """Whether its beginning has come to the line, and its end has not."""
    voiced: bool = False
    """Whether sound of it has come to the line."""
    broken_off: str = ""
    """Why its provider can't go on with it."""
    seems_empty: float | None = None
    """Since when it seems to have ended without a word."""
    why_empty: str = ""
    early_at: float = -math.inf
    """When it came to the line, where that was before the end of the caller's turn had come here."""

    @property
    def is_early(self) -> bool:
        """Whether it came before it was owed."""
        return self.early_at > -math.inf

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is to come to the line."""
        return not self.arriving and not self.broken_off

    @property
    def is_whole(self) -> bool:
        """Whether all of its sound has come to the line, heard or not."""
        return self.voiced and self.is_over

    def made(self, now: float) -> None:
        """Something of it was made."""
        self.begun_at = now if self.begun_at is None else self.begun_at
        self.seems_empty = None

    def ends_empty(self, now: float, reason: str) -> None:
        """It is at its end, and nothing of it could be heard; of the caller nothing is known yet."""
        self.seems_empty, self.why_empty = now, reason

    def outcome(
        self, silence: Silence, now: float, *, again: bool, heard: bool, works: bool
    ) -> tuple[AnswerState, str]:
        """What has become of it at its deadline, and why.

        It was tried ``again``, some of it was ``heard``, or a tool ``works`` for it, whose words are awaited.
        """
        silent = f"{now - silence.since:.1f} s"
        if self.seems_empty is not None:
            return AnswerState.EMPTY, self.why_empty
        if works:
            return AnswerState.FAILED, f"a tool's words were not heard within {silent}"
        if again:
            return AnswerState.FAILED, f"no answer within {silent}"
        if heard or self.begun_at is not None:
            return AnswerState.STALLED, self.broken_off or f"the answer stopped for {silent}"
        return AnswerState.FAILED, f"no answer began within {silence.described(now)}"

    def to_turn(self, ended: float) -> Attempt:
        """What there is of the answer to a turn whose end was told at ``ended``.

        >>> Attempt(voiced=True, early_at=10.0).to_turn(10.2).voiced
        True
        >>> Attempt(voiced=True).to_turn(10.2).voiced
        False
        """
        if ended - self.early_at >= EARLY_SECONDS:
            return Attempt()
        empty = None if self.seems_empty is None else ended
        return Attempt(None, self.arriving, self.voiced, self.broken_off, empty, self.why_empty)
