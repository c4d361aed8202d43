"""How long the caller has heard nothing: the one clock by which every answer is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

GRACE_SECONDS = 2.5
"""How much longer than one attempt the whole of them may take; with the apology behind it, silence ends
within 4 s more."""

_PAUSE_SECONDS = 2.5
"""A shorter wait, which the caller ends by speaking, may be a pause in what they say; all of them together
count once they are as long as ``first``."""
_PATIENCE_SECONDS = 2.0
"""From so long a wait on the caller's words no longer put the answer off that comes next."""
_LEAST_SECONDS = 2.5
"""What an answer has at the least, to somebody who has asked again and again; the longer they have waited
beyond ``first``, the less it is."""
_LAST_SECONDS = 1.0
"""And not less than this: who waits a moment before each word would else never be told."""
_MOST_BEYOND = 2.0
"""So many times ``first`` beyond it there is no such moment any more: shorter pauses would else never end."""


@dataclass
class Silence:
    """Counts from the last sound of either side, whatever takes up the time: ear, model, tool or voice.

    ``first`` seconds may pass after an answer was asked for. All attempts together, and what came before
    them, end at ``limit``. Every event is given its time in seconds.

    >>> silence = Silence(first=6.0)
    >>> silence.caller_ended(10.0)
    >>> silence.ask(15.0)
    >>> silence.due, silence.limit
    (18.5, 18.5)
    """

    first: float
    unheard: float = field(default=0.0, init=False)
    """How long models had in earlier turns, since the caller heard the agent last."""
    _pauses: float = field(default=0.0, init=False)
    """How long models had in short waits since then."""
    is_patient: bool = field(default=False, init=False)
    """Whether the caller has spoken into a wait, and has not heard the agent since."""
    since: float = field(default=0.0, init=False)
    asked: float = field(default=0.0, init=False)
    last_word: float | None = field(default=None, init=False)
    """When the caller's last word ended, until the agent is heard; None while they speak."""
    _owed: float = field(default=0.0, init=False)
    """When the first attempt was asked for."""
    _waits: float = field(default=0.0, init=False)
    """Since when the caller waits for a model: their last word, or the end of the last tool."""
    cut: tuple[float, ...] | None = field(default=None, init=False)
    """The wait that the caller has spoken into, as it was; None since an answer was asked for or heard."""

    @property
    def due(self) -> float:
        """When the attempt that was asked for has taken too long."""
        return min(self.asked + self.first, self.limit)

    @property
    def limit(self) -> float:
        """When the caller has to hear something, whoever is at work."""
        limit = self.since + self.first + GRACE_SECONDS
        if not self.unheard:
            return limit
        beyond = self.unheard - self.first
        last = _LAST_SECONDS if beyond < _MOST_BEYOND * self.first else 0.0
        return max(limit - self.unheard, self.asked + max(_LEAST_SECONDS - max(0.0, beyond), last))

    def due_of(self, begun_at: float | None) -> float:
        """As ``due``, but what has begun at ``begun_at``, if it has, has a moment from then on."""
        made = 0.0 if begun_at is None else begun_at + GRACE_SECONDS
        return min(max(self.due, made), self.limit)

    def described(self, now: float) -> str:
        """How long nothing of an answer has come, in words."""
        waited = now - self.since
        if self.unheard:
            return f"{self.unheard + waited:.1f} s, in which the caller has spoken again"
        late = now < self.asked + self.first
        return f"{waited:.1f} s of the caller's last word" if late else f"{self.first:g} s"

    def spoken_into(self, now: float) -> None:
        """The caller, who waits, speaks again: what they have waited for is not forgotten.

        Who says "hello?" each few seconds would else wait for a model that hangs for as long as they do.
        """
        self.cut = self.since, self.asked, self._owed, self._waits, self.unheard, self._pauses
        waited = now - self._waits
        self.is_patient = self.is_patient or waited >= _PATIENCE_SECONDS
        # not the tools before it, nor what it took to know that they had ended
        had, before = now - self._owed, self._pauses
        if waited >= _PAUSE_SECONDS:
            self.unheard += had
            return
        self._pauses += had
        if self._pauses >= self.first:
            self.unheard += had if before >= self.first else self._pauses

    def go_on(self, cut: tuple[float, ...]) -> None:
        """It was a noise that was taken for the caller: they wait as before it."""
        self.since, self.asked, self._owed, self._waits, self.unheard, self._pauses = cut

    def caller_began(self) -> None:
        """The caller's voice is heard."""
        self.last_word = None

    def caller_ended(self, at: float) -> None:
        """The caller's voice was heard until ``at``."""
        self.last_word = at

    def is_answered(self) -> None:
        """The answer to what the caller said last has begun already: no other one counts from there."""
        self.last_word = None

    def agent_began(self) -> None:
        """The agent is heard: what the caller said before it was waited for."""
        self.last_word, self.cut, self.unheard, self._pauses, self.is_patient = None, None, 0.0, 0.0, False

    def agent_ended(self, now: float) -> None:
        """The agent's last sound."""
        self.since = self.asked = self._owed = self._waits = now

    def ask(self, now: float, since: float | None = None, on_purpose: float = math.inf) -> None:
        """An answer is asked for; the caller has waited ``since`` then, or since their last word.

        Where that is longer than ``first``, the seconds that were silent ``on_purpose`` do not count: those
        of a tool without words.
        """
        self.cut = None
        if since is None:
            since = now if self.last_word is None else self.last_word
        self.asked = self._owed = now
        self.since = max(since, min(now - self.first, since + on_purpose))
        self._waits = now if 0 < on_purpose < math.inf else since

    def ask_again(self, now: float, since: float) -> None:
        """It is asked for once more, of somebody who waits ``since`` then; the limit stays."""
        self.asked, self.since = now, since
