"""How far a test's script has been played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.spec.models.scenarios import Move, Turn


@dataclass(frozen=True)
class ScriptedMove:
    """A move of the model, and where it stands: the index of its turn, and its own there."""

    turn: int
    index: int
    move: Move


@dataclass(frozen=True)
class ToolRun:
    """A tool that the model called at a turn; ``misfit`` says why it did not run: its arguments don't fit."""

    turn: int
    name: str
    arguments: Mapping[str, Any]
    misfit: str = ""


def scripted(turn: int, moves: Sequence[Move]) -> tuple[ScriptedMove, ...]:
    """The moves of a turn with their places."""
    return tuple(ScriptedMove(turn, index, move) for index, move in enumerate(moves))


@dataclass
class ScriptProgress:
    """``turn`` is the one that the caller is at. ``is_played`` is whether a script stands in for the model.

    ``asked`` counts how often the model was asked, ``at_work`` the tools that run now.
    """

    turns: Sequence[Turn]
    turn: int = 0
    is_played: bool = False
    asked: int = 0
    at_work: int = 0
    runs: list[ToolRun] = field(default_factory=list)
    without_result: list[ToolRun] = field(default_factory=list)
    """Those for whose arguments the test has no result, and those that ask somebody whom no test asks."""
    over_before: set[int] = field(default_factory=set)
    """Turns that began when the call was over."""
    last: int = -1
    """The last turn whose moves have had their time."""
    calls: list[str] = field(default_factory=list)
    """What the model has called, in order."""
    words: str = ""
    """What the model has said last."""
    _made: set[tuple[int, int]] = field(default_factory=set)

    def made(self, moves: Iterable[ScriptedMove]) -> None:
        """The model has made these moves."""
        moves = tuple(moves)
        self._made |= {(each.turn, each.index) for each in moves}
        self.calls += [each.move.call for each in moves if each.move.call]
        self.words = next((each.move.say for each in reversed(moves) if each.move.say), self.words)

    def left(self, turn: int) -> list[Move]:
        """The moves of a turn that the model has not made."""
        return [each.move for each in scripted(turn, self.turns[turn].llm) if not self._is_made(each)]

    def waits(self, turn: int) -> bool:
        """Whether moves are left up to a turn that are not cut by what the caller says next."""
        return any(self.left(n) for n in range(turn + 1) if not self.is_cut(n))

    def is_cut(self, turn: int) -> bool:
        """Whether the caller speaks into a turn's answer, which may then end early."""
        following = self.turns[turn + 1 :]
        asked = next((one for one in following if one.words is not None or one.dtmf), None)
        return asked is not None and asked.send_after is not None

    def is_followed_by_the_caller(self, turn: int) -> bool:
        """Whether the caller is next, after this turn, or nobody; else the agent goes on by itself."""
        following = self.turns[turn + 1 : turn + 2]
        return not following or following[0].words is not None or following[0].dtmf is not None

    def _is_made(self, each: ScriptedMove) -> bool:
        return (each.turn, each.index) in self._made
