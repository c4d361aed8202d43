"""The running tools that an answer waits for, by the caller's turn in which they began."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ToolsAtWork:
    """Tools of this turn of the caller's, and those that work on beside it.

    A tool may go on while the caller says something else (``on_interrupt: finish``). No answer waits for it
    then, and its end says nothing of the tools that were called since. Times are in seconds.

    >>> tools = ToolsAtWork()
    >>> slow = tools.started(10.0)
    >>> tools.turn_begins()
    >>> quick = tools.started(20.0)
    >>> tools.ended(slow, 21.0), tools.of_turn
    (1.0, 1)
    """

    since: float = 0.0
    """Since when nothing but tools of this turn has been at work."""
    owes_words: bool = field(default=False, init=False)
    """Whether one of this turn has promised words that nobody has heard yet."""
    _promised: int = field(default=0, init=False)
    _turn: int = field(default=0, init=False)
    _turns: list[int] = field(default_factory=list, init=False)
    _working: set[int] = field(default_factory=set, init=False)

    @property
    def of_turn(self) -> int:
        """How many tools of this turn are at work."""
        return sum(self._turns[work] == self._turn for work in self._working)

    @property
    def all(self) -> int:
        """How many tools are at work, of whichever turn."""
        return len(self._working)

    def is_of_turn(self, work: int) -> bool:
        """Whether the tool ``work`` was called since the caller spoke last."""
        return self._turns[work] == self._turn

    def turn_begins(self) -> None:
        """The caller speaks: what is at work works on beside it."""
        self._turn += 1
        self._promised, self.owes_words = 0, False

    def promise_words(self) -> bool:
        """The next words are a tool's, and not the answer: whether one of this turn is at work."""
        self._promised += 1
        self.owes_words = self.owes_words or self.of_turn > 0
        return self.of_turn > 0

    def words_begin(self) -> bool:
        """The agent is heard: whether these are words that were promised."""
        is_promised, self._promised = self._promised > 0, max(0, self._promised - 1)
        self.owes_words = False
        return is_promised

    def started(self, now: float) -> int:
        """A tool begins to work: the number by which its end is told."""
        if not self.of_turn:
            self.since = now
        self._turns.append(self._turn)
        self._working.add(len(self._turns) - 1)
        return len(self._turns) - 1

    def ended(self, work: int, now: float) -> float:
        """The tool ``work`` is done: the seconds until ``now`` that tools of this turn have worked for."""
        purpose = now - self.since if self.of_turn else 0.0
        self._working.discard(work)
        return purpose
