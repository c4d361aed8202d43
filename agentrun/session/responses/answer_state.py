"""The state of the answer that a caller is owed: awaited, being spoken, stalled, empty, failed, or done."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

GRACE_SECONDS = 2.5
"""How much longer a second attempt may take; with the apology behind it, silence ends within 4 s more."""
SETTLE_SECONDS = 0.3
"""An answer without words may have been cut by the caller, whose turn is told of a moment later."""
EARLY_SECONDS = 1.0
"""By how much the end of a realtime model's answer may be ahead of the end of the caller's turn."""


class AnswerState(Enum):
    """Where an answer stands; ``NONE`` is that the caller waits for none."""

    NONE = "none"
    AWAITED = "awaited"
    SPEAKING = "speaking"
    STALLED = "stalled"
    EMPTY = "empty"
    FAILED = "failed"
    DONE = "done"


@dataclass
class Answer:
    """A state machine without a clock: every event is given the time, ``now``, in seconds.

    ``first`` seconds of silence may pass before an answer begins, and ``between`` seconds once it has begun.
    ``deadline`` is when ``expire`` is to be called, which then says what has become of the answer.

    >>> answer = Answer(first=6.0, between=6.0)
    >>> answer.owed(10.0)
    >>> answer.deadline
    16.0
    >>> answer.expire(16.0)
    <AnswerState.FAILED: 'failed'>
    >>> answer.reason
    'no answer began within 6 s'
    """

    first: float
    between: float
    state: AnswerState = AnswerState.NONE
    reason: str = ""
    _silent_since: float = field(default=0.0, init=False)
    _extra: float = field(default=0.0, init=False)
    _speaking: bool = field(default=False, init=False)
    _caller: bool = field(default=False, init=False)
    _tools: int = field(default=0, init=False)
    _promised: int = field(default=0, init=False)
    _begun: bool = field(default=False, init=False)
    _arriving: bool = field(default=False, init=False)
    _voiced: bool = field(default=False, init=False)
    _suspect: float | None = field(default=None, init=False)
    _broken: str = field(default="", init=False)
    _early_end: tuple[float, str] | None = field(default=None, init=False)

    @property
    def waits(self) -> bool:
        """Whether an answer is owed that has not been heard to its end."""
        return self.state in (AnswerState.AWAITED, AnswerState.SPEAKING)

    @property
    def has_begun(self) -> bool:
        """Whether something of this answer has been made, heard or not."""
        return self._begun or self.state is AnswerState.SPEAKING

    @property
    def tools_at_work(self) -> int:
        """How many tools the answer waits for."""
        return self._tools

    @property
    def deadline(self) -> float | None:
        """When to call ``expire``; None while nobody waits in silence."""
        if not self.waits or self._caller:
            return None
        if self._suspect is not None:
            return self._suspect + SETTLE_SECONDS
        if self._speaking or self._tools:
            return None
        if self.state is AnswerState.AWAITED:
            return self._silent_since + self.first + self._extra
        if self._broken:
            return self._silent_since
        return self._silent_since + self.between + self._extra if self._arriving else None

    def expire(self, now: float) -> AnswerState | None:
        """The deadline has come: stalled, empty or failed, with the ``reason``; None when it has moved."""
        due = self.deadline
        if due is None or now < due:
            return None
        if self._suspect is not None:
            self.state = AnswerState.EMPTY
        elif self._extra:
            self._end(AnswerState.FAILED, f"no answer within {now - self._silent_since:.1f} s")
        elif self.state is AnswerState.SPEAKING or self._begun:
            stalled = self._broken or f"the answer stopped for {now - self._silent_since:.1f} s"
            self._end(AnswerState.STALLED, stalled)
        else:
            self._end(AnswerState.FAILED, f"no answer began within {self.first:g} s")
        return self.state

    def owed(self, now: float) -> None:
        """An answer is due from now on."""
        self._begin()
        early, self._early_end = self._early_end, None
        if early and now - early[0] < EARLY_SECONDS:
            self._suspect, self.reason = now, early[1]
        self._caller = False
        self._extra = 0.0
        self._silent_since = now

    def again(self) -> None:
        """It is tried once more: the caller has waited already, and the deadline is soon."""
        if self._caller:
            return
        self._begin()
        self._extra = GRACE_SECONDS

    def extend(self) -> None:
        """Another service goes on with the answer, if one is due."""
        if self.waits:
            self._extra = GRACE_SECONDS

    def settled(self) -> None:
        """Nothing is expected any more."""
        self.state = AnswerState.NONE
        self._suspect, self._broken = None, ""

    def caller_speaks(self) -> None:
        """The caller's turn has begun: they wait for nothing, and for no tool that works on beside it."""
        self._promised = self._tools = 0
        self._caller = True
        self.settled()

    def caller_stops(self) -> None:
        """The caller's turn is over, be there an answer to it or not."""
        self._caller = False

    def words_promised(self) -> None:
        """The next words are a tool's, and not the answer."""
        self._promised += 1

    def tool_started(self) -> None:
        """A tool is at work: its own timeout counts now."""
        self._tools += 1
        self._begun = True
        self._suspect = None

    def tool_ended(self, now: float, *, answered: bool) -> None:
        """A tool is done: the model owes an answer, unless the tool was given up."""
        self._tools = max(0, self._tools - 1)
        if answered and not self._caller:
            self.owed(now)

    def model_began(self, now: float) -> None:
        """The model is at an answer, be it one that nobody has asked for."""
        self._early_end = self._suspect = None
        if self.state in (AnswerState.NONE, AnswerState.DONE) and not self._caller:
            self.owed(now)

    def model_made(self) -> None:
        """Words, sound or the call of a tool."""
        self._begun = True
        self._suspect = None

    def model_ended(self, now: float, reason: str, *, made: bool, certain: bool = False) -> None:
        """The model is at the end; ``made`` is whether there was anything, ``reason`` why it ended.

        A realtime model may be at the end of an answer before the end of the caller's turn has come here. It
        is ``certain`` that it did answer, and was not cut.
        """
        if certain and self._caller and not made:
            self._early_end = now, reason
        if self.state is AnswerState.AWAITED and not made and not self._tools:
            self._suspect, self.reason = now, reason

    def broke_off(self, reason: str) -> None:
        """The provider can't go on with an answer that has begun; what there is of it is heard first."""
        if self.waits:
            self._broken = reason

    def arrives(self) -> None:
        """The beginning of the model's answer has come to the line."""
        self._arriving = self.waits

    def voiced(self) -> None:
        """Sound of the model's answer has come to the line."""
        self._voiced = self._voiced or self._arriving

    def delivered(self, now: float) -> None:
        """The end of the model's answer has come to the line, behind all of its sound."""
        if not self._arriving or not self.waits or self._tools:
            return
        self._arriving = False
        if self.state is AnswerState.SPEAKING:
            if not self._speaking and not self._broken:
                self.state = AnswerState.DONE
        elif self._voiced and self._speaking:
            self.state = AnswerState.SPEAKING
        elif not self._voiced and self._suspect is None:
            self._suspect, self.reason = now, self._broken or "nothing of the answer could be heard"

    def sound(self, now: float, *, speaking: bool) -> None:
        """The agent's first or last sound: the answer has begun, unless these are a tool's words."""
        self._speaking = speaking
        if not speaking:
            self._silent_since = now
            if self.state is AnswerState.SPEAKING and not self._arriving and not self._broken:
                self.state = AnswerState.DONE
            return
        of_tool = self._promised > 0
        self._promised = max(0, self._promised - 1)
        if of_tool and self.state is AnswerState.AWAITED and not self._voiced:
            return
        self._caller = False
        self._extra = 0.0
        self._suspect = None
        self.state = AnswerState.SPEAKING

    def _begin(self) -> None:
        self.state, self.reason, self._broken = AnswerState.AWAITED, "", ""
        self._suspect = None
        self._begun = self._arriving = self._voiced = False

    def _end(self, state: AnswerState, reason: str) -> None:
        self.state, self.reason = state, reason
