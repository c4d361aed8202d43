"""Example utterances and the agent's reactions, from its tests and its tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.simulate.rehearsal.matching import Index, words
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Move

NEAR = 0.34
"""Below this nothing was meant. In tests/simulate/rehearsal/test_rehearsal.py right matches lie above it."""
SAME = 0.98
_TOLD_APART = 0.25
"""What the words of one tool's name, which the others' lack, count for it and against the rest."""


@dataclass(frozen=True)
class Example:
    """``before`` is what the caller said a turn earlier."""

    said: str
    moves: tuple[Move, ...]
    before: str = ""

    @property
    def tools(self) -> set[str]:
        """The names of the tools that are called."""
        return {move.call for move in self.moves if move.call}


@dataclass(frozen=True)
class Match:
    """``nearness`` is 0 to 1; SAME and more means that it was said word for word."""

    example: Example
    nearness: float


def collect(specs: Sequence[AgentSpec], tools: Mapping[str, Mapping[str, Any]]) -> list[Example]:
    """The tests' turns whose moves can be made with ``tools``, and the tools' names and descriptions."""
    examples = [example for spec in specs for example in _of_tests(spec) if example.tools <= set(tools)]
    for name, tool in tools.items():
        first_line = str(tool.get("description") or "").strip().partition("\n")[0]
        examples.append(Example(f"{name} {first_line}", (Move(call=name),)))
    return examples


def _of_tests(spec: AgentSpec) -> list[Example]:
    examples = []
    for test in spec.tests:
        before = ""
        for turn in test.turns:
            if turn.words and turn.llm:
                examples.append(Example(turn.words, turn.llm, before))
            before = turn.words or before
    return examples


def nearest(examples: Sequence[Example], said: str, before: str = "") -> Match | None:
    """The example that lies nearest to ``said``, or None when none is near.

    Of those that are as near as each other, one that follows the same words as ``before`` wins.
    """
    apart = _told_apart({name for example in examples for name in example.tools})
    terms = set(words(said))
    best: Match | None = None
    best_rank = (0.0, False)
    for example, score in zip(examples, Index([e.said for e in examples]).scores(said), strict=True):
        nearness = score if score >= SAME else min(score + _hint(example, terms, apart), SAME - 0.01)
        rank = (round(nearness, 2), bool(before) and words(example.before) == words(before))
        if nearness >= NEAR and (best is None or rank > best_rank):
            best, best_rank = Match(example, nearness), rank
    return best


def _told_apart(names: set[str]) -> dict[str, set[str]]:
    """For each tool the words of its name that no other tool's name has."""
    stems = {name: set(words(name)) for name in names}
    return {
        name: own - {stem for other, its in stems.items() if other != name for stem in its}
        for name, own in stems.items()
    }


def _hint(example: Example, spoken: set[str], apart: Mapping[str, set[str]]) -> float:
    shares = {name: len(own & spoken) / len(own) for name, own in apart.items() if own & spoken}
    if not shares or len(apart) < 2:
        return 0.0
    return max((_TOLD_APART * shares[name] for name in example.tools if name in shares), default=-_TOLD_APART)
