"""The answer that a caller is owed: an account of what is made of it, and when that takes too long."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from agentrun.session.responses.answer_state import SETTLE_SECONDS, AnswerState, Loss
from agentrun.session.responses.attempt import Attempt
from agentrun.session.responses.silence import GRACE_SECONDS, Silence
from agentrun.session.responses.tools_at_work import ToolsAtWork


@dataclass
class Answer:
    """A state machine without a clock: every event is given the time, ``now``, in seconds.

    ``first`` seconds of silence may pass before an answer begins, and ``between`` seconds once it has begun;
    ``silence`` counts them from the last sound of either side. At ``deadline`` call ``expire``.

    >>> answer = Answer(first=6.0, between=6.0)
    >>> answer.owed(10.0)
    >>> answer.expire(answer.deadline), answer.reason
    (<AnswerState.FAILED: 'failed'>, 'no answer began within 6 s')
    """

    first: float
    between: float
    state: AnswerState = AnswerState.NONE
    reason: str = ""
    is_known: bool = field(default=False, init=False)  # the model has what is to be answered
    cut_off: bool = field(default=False, init=False)  # by the caller's turn, and nothing was owed since
    silence: Silence = field(init=False)
    tools: ToolsAtWork = field(default_factory=ToolsAtWork, init=False)
    _again: bool = field(default=False, init=False)
    _speaking: bool = field(default=False, init=False)
    _callers_turn: bool = field(default=False, init=False)
    _attempt: Attempt = field(default_factory=Attempt, init=False)

    def __post_init__(self) -> None:
        self.silence = Silence(self.first)

    @property
    def waits(self) -> bool:
        """Whether an answer is owed that has not been heard to its end."""
        return self.state in (AnswerState.AWAITED, AnswerState.SPEAKING)

    @property
    def has_begun(self) -> bool:
        """Whether something of this answer has been made, heard or not."""
        return self._attempt.begun_at is not None or self.state is AnswerState.SPEAKING

    @property
    def is_due(self) -> bool:
        """Whether something is owed or said, which whoever speaks now cuts off."""
        return self.waits or self._speaking or self.tools.of_turn > 0

    @property
    def loss(self) -> Loss:
        """What of it is lost with the model's connection now."""
        if self.tools.of_turn > 0 or (self.waits and self._attempt.is_whole):
            return Loss.NOTHING
        is_unheard = self.state is AnswerState.AWAITED and not self._attempt.voiced
        return Loss.ANSWER if self.is_known and is_unheard else Loss.WORDS

    @property
    def caller_talks(self) -> bool:
        """Whether it is the caller's turn and they are not known to be silent in it."""
        return self._callers_turn and self.silence.last_word is None

    @property
    def waited(self) -> float | None:
        """Since when the caller waits, if they are waiting."""
        word = self.silence.last_word
        return max(self.silence.since, word or 0.0) if self.state.is_open else word

    @property
    def deadline(self) -> float | None:
        """When to call ``expire``; None while nobody waits in silence."""
        attempt = self._attempt
        if self.caller_talks or not (self.waits or self.state is AnswerState.LOST):
            return None
        if attempt.seems_empty is not None:
            return attempt.seems_empty + SETTLE_SECONDS
        if self._speaking or (self.tools.of_turn and not self.tools.owes_words):
            return None
        if self.tools.of_turn or self.state is not AnswerState.SPEAKING:
            is_last = self._again or self.tools.of_turn
            return self.silence.limit if is_last else self.silence.due_of(attempt.begun_at)
        if attempt.broken_off:
            return self.silence.since
        between = self.between + (GRACE_SECONDS if self._again else 0.0)
        return self.silence.since + between if attempt.arriving else None

    def expire(self, now: float) -> AnswerState | None:
        """The deadline has come: stalled, empty or failed, with the ``reason``; None when it has moved."""
        if (due := self.deadline) is None or now < due:
            return None
        heard, works = self.state is AnswerState.SPEAKING, self.tools.of_turn > 0
        became = self._attempt.outcome(self.silence, now, again=self._again, heard=heard, works=works)
        self.state, self.reason = became
        return self.state

    def owed(self, now: float, since: float | None = None, on_purpose: float = math.inf) -> None:
        """An answer is asked for; the caller waits since their last word, or as is told (``Silence.ask``)."""
        self._begin(self._attempt.to_turn(now))
        self._callers_turn = self._again = self.is_known = self.cut_off = False
        self.silence.ask(now, since, on_purpose)

    def again(self, now: float) -> None:
        """It is tried once more: the caller has waited already, and the deadline is soon."""
        if self.caller_talks:
            return
        state, waited = self.state, self.waited
        self._begin()
        self._again = True
        if waited is None or not state.is_open:
            self.silence.ask(now, waited)
            return
        longer = self.between - self.first if state is AnswerState.STALLED else 0.0
        self.silence.ask_again(now, waited + max(0.0, longer))

    def extend(self) -> None:
        """Another service goes on with the answer, if one is due."""
        self._again = self._again or self.waits

    def lost(self, now: float) -> None:
        """Its connection is lost, and another one is made; who waits does so until the limit of all tries."""
        waited, ask = self.waited, self.silence.ask_again if self.state.is_open else self.silence.ask
        self.settled()
        if waited is not None and not self.caller_talks:
            self.state, self._again = AnswerState.LOST, True
            ask(now, waited)

    def settled(self) -> None:
        """Nothing is expected any more."""
        self.state = AnswerState.NONE
        attempt = self._attempt
        self._attempt = Attempt(attempt.begun_at, attempt.arriving, attempt.voiced)

    def caller_speaks(self, *, interrupts: bool = True) -> None:
        """The caller has a turn, and waits for nothing; where it does not interrupt, what is owed stays."""
        self._callers_turn = True
        if not interrupts and (self.waits or self.state is AnswerState.LOST or self.tools.of_turn):
            return
        self.cut_off = interrupts and self.is_due
        self.tools.turn_begins()
        self.settled()

    def dropped(self) -> None:
        """What was made of it is not heard, for a noise was taken for the caller: it is owed as before."""
        if self.state is AnswerState.AWAITED and self.has_begun:
            self._attempt, self._again = Attempt(), True

    def caller_stops(self) -> None:
        """The caller's turn is over, be there an answer to it or not."""
        self._callers_turn = False

    def words_promised(self, now: float) -> None:
        """The next words are a tool's, and not the answer."""
        if self.tools.promise_words():
            self.silence.ask(now, self.waited, now - self.tools.since)

    def tool_started(self, now: float) -> int:
        """A tool is at work: its own timeout counts now. Gives the number by which its end is told."""
        self._attempt.made(now)
        return self.tools.started(now)

    def tool_ended(self, work: int, now: float, *, answered: bool) -> None:
        """The tool ``work`` is done: an answer is owed; what was begun with one that was given up is gone."""
        since = self.waited if self.waits or self.tools.is_of_turn(work) else now
        on_purpose = self.tools.ended(work, now)
        if not answered and not self.tools.of_turn:
            self._attempt.begun_at = None
        if answered and not self._callers_turn:
            self.owed(now, since, on_purpose)
            self.tools.since, self.is_known = now, True
        elif answered and not self.tools.of_turn:
            self.settled()  # the model is asked with what the caller is saying now

    def model_began(self, now: float) -> None:
        """The model is at an answer, be it one that nobody has asked for."""
        self._attempt.seems_empty = None
        if self.state is AnswerState.LOST:
            self.again(now)
        elif not self.state.is_open and not self._callers_turn:
            self.owed(now, now)

    def model_made(self, now: float) -> None:
        """Words, sound or the call of a tool; the voice has a moment for what came late."""
        self._attempt.made(now)

    def model_ended(self, now: float, reason: str, *, made: bool, certain: bool = False) -> None:
        """The model is at the end; ``made`` is whether there was anything, ``reason`` why it ended.

        A realtime model may tell so ahead of the caller's turn's end; ``certain`` is that it was not cut.
        """
        if certain and self._callers_turn and not made:
            self._attempt.early_at = now
            self._attempt.ends_empty(now, reason)
        elif self.state is AnswerState.AWAITED and not made and not self.tools.of_turn:
            self._attempt.ends_empty(now, reason)

    def broke_off(self, reason: str) -> None:
        """The provider can't go on with an answer that has begun; what there is of it is heard first."""
        if self.waits or self._attempt.is_early:
            self._attempt.broken_off = reason

    def arrives(self, now: float) -> None:
        """The beginning of the model's answer has come to the line."""
        self._attempt.arriving = self.waits or self._callers_turn
        self._attempt.early_at = now if self._callers_turn and not self.waits else -math.inf

    def voiced(self) -> None:
        """Sound of the model's answer has come to the line."""
        self._attempt.voiced = self._attempt.voiced or self._attempt.arriving

    def delivered(self, now: float) -> None:
        """The end of the model's answer has come to the line, behind all of its sound."""
        attempt = self._attempt
        if not attempt.arriving or self.tools.of_turn or not (self.waits or attempt.is_early):
            return
        attempt.arriving = False
        if self.state is AnswerState.SPEAKING:
            if not self._speaking and attempt.is_over:
                self.state = AnswerState.DONE
        elif self.waits and attempt.voiced and self._speaking:
            self.state = AnswerState.SPEAKING
        elif self.waits and not attempt.voiced and attempt.seems_empty is None:
            attempt.ends_empty(now, attempt.broken_off or "nothing of the answer could be heard")

    def sound(self, now: float, *, speaking: bool) -> None:
        """The agent's first or last sound: the answer has begun, unless these are a tool's words."""
        self._speaking = speaking
        if not speaking:
            self.silence.agent_ended(now)
            if self.state is AnswerState.SPEAKING and self._attempt.is_over:
                self.state = AnswerState.DONE
            return
        self.silence.agent_began()
        is_awaited = self.state is AnswerState.AWAITED and not self._attempt.voiced
        if (self.tools.words_begin() and is_awaited) or self.state.went_wrong:
            return
        self._callers_turn = self._again = False
        self.state, self._attempt.seems_empty = AnswerState.SPEAKING, None

    def _begin(self, attempt: Attempt | None = None) -> None:
        self._attempt, self.reason, self.tools.owes_words = attempt or Attempt(), "", False
        is_heard = self._attempt.voiced and self._speaking
        self.state = AnswerState.SPEAKING if is_heard else AnswerState.AWAITED
