"""The turns of a scripted test: the caller's words, and what the model does after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.spec.checks import idle as idle_checks
from agentrun.spec.checks import telephone_keys
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Scenario, Turn
from agentrun.testing.results.outcome import Failure
from agentrun.testing.results.script_failures import NO_ANSWER_LEFT
from agentrun.testing.scripts.progress import ScriptedMove, scripted


@dataclass(frozen=True)
class SpokenTurn:
    """What the caller says, at which turn of the test, and the model's moves after it.

    ``silences`` are later turns at which the caller says nothing, and the model does, each with its moves.
    """

    words: str
    index: int
    moves: tuple[ScriptedMove, ...]
    silences: tuple[tuple[int, tuple[ScriptedMove, ...]], ...] = ()


@dataclass(frozen=True)
class ScriptedAnswer:
    """An answer of the model: ``words`` are the moves that say something, ``calls`` those that call."""

    words: tuple[ScriptedMove, ...] = ()
    calls: tuple[ScriptedMove, ...] = ()

    def as_answer(self) -> Answer:
        """What the model gives."""
        text = " ".join(str(each.move.say) for each in self.words)
        calls = (ToolCall(str(each.move.call), dict(each.move.args)) for each in self.calls)
        return Answer(text, tuple(calls))


@dataclass
class Place:
    """How far a conversation has come, also where the model's context has been emptied in between.

    ``said`` are the caller's words so far, ``called`` the tools that were called since the last of them.
    """

    said: list[str] = field(default_factory=list)
    called: int = 0
    _seen: list[str] = field(default_factory=list)
    _forgotten: int = 0
    _counted: int = 0

    def note(self, said: list[str], called: int) -> None:
        """What the context holds now of the caller's words, and of the calls since the last of them."""
        overlap = next(
            n for n in range(min(len(said), len(self._seen)), -1, -1) if _ends(self._seen, said[:n])
        )
        new = said[overlap:]
        if new:
            self.said += new
            self._forgotten = 0
        elif called < self._counted:
            self._forgotten += self._counted
        self._seen, self._counted = said, called
        self.called = self._forgotten + called

    def gave(self, calls: int) -> None:
        """The model was made to call so many tools."""
        self._counted += calls


def by_words(turns: Sequence[Turn], said: Sequence[str], spec: AgentSpec) -> list[SpokenTurn]:
    """The caller's words and the model's moves after them; what comes before any words is first.

    Keys are words where the model was given them as such, and not to a tool.
    """
    entries = [SpokenTurn("", 0, ())]
    for index, turn in enumerate(turns):
        words, moves = turn.words, scripted(index, turn.llm)
        if turn.dtmf and any(telephone_keys.places(spec)):
            words = _pressed(turn.dtmf, entries, said, spec)
        if words is not None:
            entries.append(SpokenTurn(words, index, moves))
        elif turn.llm and index and not turn.dtmf and idle_checks.asks_model(spec):
            entries[-1] = replace(entries[-1], silences=(*entries[-1].silences, (index, moves)))
        else:
            entries[-1] = replace(entries[-1], moves=entries[-1].moves + moves)
    return entries


def _pressed(keys: str, entries: Sequence[SpokenTurn], said: Sequence[str], spec: AgentSpec) -> str | None:
    """The words that the model is given for keys; None where a tool that was called before collects them."""
    if len(entries) <= len(said):
        words = said[len(entries) - 1]
        return words if words in _meanings(keys, spec) else None
    before = entries[-1].moves
    return None if before and before[-1].move.call else keys


def _meanings(pressed: str, spec: AgentSpec) -> set[str]:
    """What the model may be told of keys: they themselves, or what a menu has for them."""
    meanings = {pressed}
    for _, keys in telephone_keys.places(spec):
        entry = pressed.removesuffix(keys.finish or "") or pressed
        meanings |= {entry, *(choice.say for key, choice in keys.menu.items() if key == entry)}
    return meanings


def answers_of(moves: Sequence[ScriptedMove]) -> list[ScriptedAnswer]:
    """Moves as the answers of a model: words may come with calls, and follow their results."""
    answers: list[ScriptedAnswer] = []
    for each in moves:
        last = answers[-1] if answers else None
        if each.move.call and (last is None or each.move.after_results):
            answers.append(ScriptedAnswer(calls=(each,)))
        elif each.move.call and last:
            answers[-1] = replace(last, calls=(*last.calls, each))
        elif last is None or last.calls:
            answers.append(ScriptedAnswer(words=(each,)))
        else:
            answers[-1] = replace(last, words=(*last.words, each))
    return answers


def missing_answer(scenario: Scenario, spoken: SpokenTurn, called: int) -> Failure:
    """The model was asked at a turn whose answers are used up, after so many calls, or that has none."""
    turn = spoken.index + 1
    calls = [each.move.call for each in spoken.moves if each.move.call][:called]
    after = f" after the call of {calls[-1]}" if calls else ""
    words = f" ({spoken.words!r})" if spoken.words else ""
    reason = (
        f"the script has no answer left{after}: add `llm: {{say: …}}` or `llm: {{call: …}}` "
        f"to turn {turn}{words} of test '{scenario.name}'"
    )
    return Failure(turn, 0, "an answer of the model", reason, NO_ANSWER_LEFT)


def _ends(words: Sequence[str], end: Sequence[str]) -> bool:
    return not end or list(words[-len(end) :]) == list(end)
