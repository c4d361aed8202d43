"""What of an answer has come to the line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agentrun.session.responses.answer_state import EARLY_SECONDS


@dataclass
class AnswerAtLine:
    """Whether an answer is ``arriving``, some of it could be ``voiced``, and why it was ``broken_off``.

    A realtime model may begin to answer before the end of the caller's turn has come here: at ``early_at``,
    in the seconds of whoever tells it.
    """

    arriving: bool = False
    voiced: bool = False
    broken_off: str = ""
    early_at: float = -math.inf

    @property
    def is_early(self) -> bool:
        """Whether it came before it was owed."""
        return self.early_at > -math.inf

    def to_turn(self, ended: float) -> AnswerAtLine:
        """What there is of the answer to a turn whose end was told at ``ended``.

        >>> AnswerAtLine(voiced=True, early_at=10.0).to_turn(10.2).voiced
        True
        >>> AnswerAtLine(voiced=True).to_turn(10.2).voiced
        False
        """
        is_its = ended - self.early_at < EARLY_SECONDS
        return AnswerAtLine(self.arriving, self.voiced, self.broken_off) if is_its else AnswerAtLine()
