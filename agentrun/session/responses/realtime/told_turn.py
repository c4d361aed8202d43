"""A caller's turn as reported by a realtime server, and whether anybody is heard speaking in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

BEFORE_SECONDS = 0.5
"""How much later than the caller's voice a server may tell of their turn."""
_LOOK_SECONDS = 2.0
"""How far back speech is looked for in a turn that goes on and on."""


@dataclass
class ToldTurn:
    """Tells a turn of the caller's from one that a server took for theirs on a silent or noisy line.

    ``spoke_since`` says whether there is speech in the caller's sound since a time. Where nobody listens
    here, as in a cascade, it is None, and each turn is the caller's.

    >>> turn = ToldTurn(spoke_since=lambda at: False)
    >>> turn.begins(10.0, voice=False), turn.ends_as_noise(matters=True)
    (False, True)
    """

    spoke_since: Callable[[float], bool] | None = None
    _cuts: bool = field(default=False, init=False)
    _began: float | None = field(default=None, init=False)
    _ended: float | None = field(default=None, init=False)
    _looked_at: float = field(default=0.0, init=False)
    _doubtful: bool = field(default=False, init=False)
    _silent_at: float | None = field(default=None, init=False)
    _kept: bool = field(default=False, init=False)
    _answered: bool = field(default=False, init=False)
    _made_up: bool = field(default=False, init=False)
    _spoken: bool | None = field(default=None, init=False)

    def begins(self, now: float, *, voice: bool, cuts: bool = False) -> bool:
        """It is told to begin while a ``voice`` is heard or not: whether it is the caller's, so far.

        ``cuts`` is whether it cuts off what was said or owed.
        """
        self._began, self._cuts, self._spoken, self._ended = now, cuts, None, None
        self._answered = self._made_up = self._doubtful = False
        self._looked_at, self._silent_at = now, None if voice else now
        self._kept = self.spoke_since is not None and not voice
        return not self._kept

    @property
    def is_open(self) -> bool:
        """Whether it has begun, and its end was not told."""
        return self._began is not None

    def stops(self, now: float) -> None:
        """Its end is told."""
        self._ended = now

    def is_unheard(self, *, voice: bool) -> bool:
        """Whether the caller is saying what a server that is lost now has not heard to its end.

        Their ``voice`` is known to have ended only some time behind that.
        """
        if self.is_open:
            return not self._kept
        if self._ended is None or self.spoke_since is None:
            return voice
        return voice and self.spoke_since(self._ended + BEFORE_SECONDS)

    def is_endless(self, now: float, noise: float, spoken: float) -> bool:
        """Whether it has cut an answer off, and goes on though nobody has spoken for so many seconds.

        They are ``noise`` where nobody spoke in it at all, which is looked into once, and else ``spoken``.
        Noises may go on meanwhile: each ``noise`` seconds it is looked into whether there are but those.
        """
        began, silent = self._began, self._silent_at
        if began is None or not self._cuts or self.spoke_since is None:
            return False
        if silent is None or now - silent < _LOOK_SECONDS:
            return self._is_noisy(now, noise)
        quiet = now - max(began, silent)
        if quiet < noise:
            return False
        if self._spoken is None:
            self._spoken = self.spoke_since(began)
        if self._spoken and quiet < spoken:
            return False
        self._cuts = False
        return True

    def _is_noisy(self, now: float, every: float) -> bool:
        """Whether nobody speaks in what is loud, which is looked into a second time a moment later."""
        if now - self._looked_at < (_LOOK_SECONDS if self._doubtful else every):
            return False
        self._looked_at, was_doubtful = now, self._doubtful
        self._doubtful = self.spoke_since is not None and not self.spoke_since(now - _LOOK_SECONDS)
        self._cuts = not (self._doubtful and was_doubtful)
        return not self._cuts

    def voice_ends(self, at: float) -> bool:
        """Their voice was heard until ``at``: whether that was before the turn, which is not theirs then."""
        self._silent_at = at
        was_before = self._began is not None and not self._kept and self._began > at + BEFORE_SECONDS
        self._kept = self._kept or was_before
        return was_before

    def voice_begins(self) -> bool:
        """The caller's voice is heard: whether that makes a turn theirs which was not."""
        self._silent_at = self._spoken = None
        self._made_up = False
        kept, self._kept = self._kept, False
        return kept

    def is_made_up_for(self) -> None:
        """What it has cut off is heard now, before its end is told: no other answer is owed behind that."""
        self._made_up = self.is_open and self._cuts and self.spoke_since is not None

    def answer_begins(self) -> bool:
        """The answer of a model that finds turns by itself begins: whether the turn is not over here yet."""
        self._answered = self._began is not None
        return self._answered

    def answer_breaks_off(self) -> bool:
        """What is being said is cut off: whether that is the answer to this turn, which has none then."""
        was_answered, self._answered = self._answered, False
        return was_answered

    def ends_answered(self) -> bool:
        """The caller's turn is over: whether its answer has begun already, and none is owed any more."""
        was_answered = self._answered or self._made_up
        self._answered = self._made_up = False
        if was_answered:
            self._began, self._kept = None, False
        return was_answered

    def ends_as_noise(self, *, matters: bool) -> bool:
        """It is over: whether nobody spoke in it, which is looked into where that ``matters``."""
        began, kept = self._began, self._kept
        self._began, self._kept = None, False
        if began is None or self.spoke_since is None or not matters:
            return False
        return kept or not self.spoke_since(began)
