"""A problem on a terminal: the line of the file, with a caret under the place."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from agentrun.errors import Problem
from agentrun.spec.checks import secret_keys, secret_values

_MOST = 100
_COLOURS = {"error": "red", "warning": "yellow"}


def excerpt(problem: Problem) -> Text:
    """The problem with its line and its hint."""
    head, _, mend = str(problem).partition("\n  hint: ")
    colour = _COLOURS[problem.severity]
    text = Text(head)
    text.stylize(colour, len(head) - len(problem.message))
    text.stylize("bold", 0, len(problem.path))
    if line := _line(problem):
        start = max(0, problem.column - _MOST // 2) if len(line) > _MOST else 0
        cut = line[start : start + _MOST]
        text.append(f"\n{problem.line:>5} | ", style="dim").append(cut)
        text.append("\n      | ", style="dim").append(" " * (problem.column - 1 - start) + "^", style=colour)
    if mend:
        text.append(f"\n  hint: {mend}", style="dim")
    return text


def _line(problem: Problem) -> str:
    """The line of a file that a problem is about; "" if it has none, or the line holds a secret."""
    if not problem.line:
        return ""
    try:
        lines = Path(problem.path).read_text(encoding="utf-8").splitlines()
        line = lines[problem.line - 1]
    except (OSError, UnicodeError, IndexError):
        return ""
    masked, _ = secret_values.mask(line, problem.path)
    hidden = secret_keys.names_a_secret(masked) or not masked.isprintable()
    return "" if hidden else masked.rstrip()
