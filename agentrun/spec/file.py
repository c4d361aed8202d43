"""A loaded spec: the frozen agent, and where each of its values stands in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import Problem, Severity
from agentrun.spec.models import AgentSpec

Where = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True)
class SpecFile:
    """``positions`` maps the path of a value (``("pipeline", "llm")``) to its line and column, from 1.

    ``project`` is the folder that holds ``plugins/``: the spec's own folder or the one above it.
    """

    path: Path
    project: Path
    spec: AgentSpec
    positions: Mapping[Where, Position]

    def problem(self, where: Where, message: str, hint: str = "", severity: Severity = "error") -> Problem:
        """A problem at ``where``, or at its nearest parent that stands in the file."""
        line, column = self.position(where)
        return Problem(str(self.path), line, column, dotted(where), message, hint, severity)

    def position(self, where: Where) -> Position:
        """Line and column of ``where`` or of its nearest parent in the file."""
        while where and where not in self.positions:
            where = where[:-1]
        return self.positions.get(where, (1, 1))


def dotted(where: Where) -> str:
    """``("tests", 0, "name")`` as ``tests[0].name``.

    >>> dotted(("tests", 0, "name"))
    'tests[0].name'
    """
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
