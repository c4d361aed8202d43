"""The turns of a scripted test, by the caller's words, and what the model does after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.spec.checks import idle as idle_checks
from agentrun.spec.checks import telephone_keys
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Move, Turn


@dataclass(frozen=True)
class SpokenTurn:
    """What the caller says, at which turn of the test, and the model's moves after it.

    ``silences`` are later turns at which the caller says nothing, and the model does, each with its moves.
    """

    words: str
    index: int
    moves: tuple[Move, ...]
    silences: tuple[tuple[int, tuple[Move, ...]], ...] = ()


def by_words(turns: Sequence[Turn], said: Sequence[str], spec: AgentSpec) -> list[SpokenTurn]:
    """The caller's words and the model's moves after them; what comes before any words is first.

    Keys are words where the model was given them as such, and not to a tool.
    """
    entries = [SpokenTurn("", 0, ())]
    for index, turn in enumerate(turns):
        words = turn.words
        if turn.dtmf and any(telephone_keys.places(spec)):
            words = _pressed(turn.dtmf, entries, said, spec)
        if words is not None:
            entries.append(SpokenTurn(words, index, turn.llm))
        elif turn.llm and index and not turn.dtmf and idle_checks.asks_model(spec):
            entries[-1] = replace(entries[-1], silences=(*entries[-1].silences, (index, turn.llm)))
        else:
            entries[-1] = replace(entries[-1], moves=entries[-1].moves + turn.llm)
    return entries


def _pressed(keys: str, entries: Sequence[SpokenTurn], said: Sequence[str], spec: AgentSpec) -> str | None:
    """The words that the model is given for keys; None where a tool that was called before collects them."""
    if len(entries) <= len(said):
        words = said[len(entries) - 1]
        return words if words in _meanings(keys, spec) else None
    before = entries[-1].moves
    return None if before and before[-1].call else keys


def _meanings(pressed: str, spec: AgentSpec) -> set[str]:
    """What the model may be told of keys: they themselves, or what a menu has for them."""
    meanings = {pressed}
    for _, keys in telephone_keys.places(spec):
        entry = pressed.removesuffix(keys.finish or "") or pressed
        meanings |= {entry, *(choice.say for key, choice in keys.menu.items() if key == entry)}
    return meanings


def answers_of(moves: Sequence[Move]) -> list[Answer]:
    """Moves as the answers of a model: words may come with calls, and follow their results."""
    answers: list[Answer] = []
    for move in moves:
        last = answers[-1] if answers else None
        if move.call:
            call = ToolCall(move.call, dict(move.args))
            if last is None or move.after_results:
                answers.append(Answer(calls=(call,)))
            else:
                answers[-1] = Answer(last.text, (*last.calls, call))
        elif last is None or last.calls:
            answers.append(Answer(str(move.say)))
        else:
            answers[-1] = Answer(f"{last.text} {move.say}")
    return answers
