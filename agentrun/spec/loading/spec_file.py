"""A loaded spec: the frozen agent, and the position of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import Problem, Severity
from agentrun.spec.models.agent import AgentSpec

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A place in a file, from 1; an override stands at line 0 of ``--set …``."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class SpecFile:
    """``places`` maps the path of a value (``("pipeline", "llm")``) to where it stands.

    ``project`` is the folder that holds ``plugins/``: the spec's own folder or the one above it. ``sources``
    are the files that the agent was read from: what it extends, its prompts, its tests. ``digest`` tells this
    state of them from any other.
    """

    path: Path
    project: Path
    spec: AgentSpec
    places: Mapping[Where, Place]
    sources: frozenset[Path] = frozenset()
    digest: str = ""

    def problem(self, where: Where, message: str, hint: str = "", severity: Severity = "error") -> Problem:
        """A problem at ``where``, or at its nearest parent that stands in a file."""
        place = nearest(self.places, where, self.path)
        return Problem(place.path, place.line, place.column, dotted(where), message, hint, severity)


def nearest(places: Mapping[Where, Place], where: Where, path: Path) -> Place:
    """Where ``where`` or its nearest parent stands."""
    while where and where not in places:
        where = where[:-1]
    return places.get(where, Place(str(path), 1, 1))


def dotted(where: Where) -> str:
    """``("tests", 0, "name")`` as ``tests[0].name``.

    >>> dotted(("tests", 0, "name"))
    'tests[0].name'
    """
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
