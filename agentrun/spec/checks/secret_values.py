"""Secrets that stand in a file as they are: found, and masked before anything can print them."""

from __future__ import annotations

import re

from agentrun.errors import Problem

MASK = "•"
_HINT = "put it in a variable and write ${NAME}; this one should be replaced, for others may have seen it"
_KINDS = {
    "an API key": r"sk-[A-Za-z0-9_-]{16,}",
    "a Twilio SID": r"(?:AC|SK)[0-9a-fA-F]{32}(?![0-9a-fA-F])",
    "a Slack token": r"xox[abeprs]-[A-Za-z0-9-]{10,}",
    "a Google key": r"AIza[A-Za-z0-9_-]{30,}",
    "a GitHub token": r"gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}",
}
_ANY = re.compile("|".join(f"(?<![A-Za-z0-9_])(?<![A-Za-z0-9]-)(?:{pattern})" for pattern in _KINDS.values()))


def mask(text: str, path: str) -> tuple[str, list[Problem]]:
    """``text`` of ``path`` with every secret masked, length kept, and a problem for each that never shows it.

    >>> mask("key: sk-abcdefghijklmnop", "a.yaml")[0]
    'key: •••••••••••••••••••'
    """
    problems = [_problem(text, found, path) for found in _ANY.finditer(text)]
    return _ANY.sub(lambda found: MASK * len(found[0]), text), problems


def cover(text: str, words: str) -> str:
    """``text`` with ``words`` in the place of every secret."""
    return _ANY.sub(words, text)


def _problem(text: str, found: re.Match[str], path: str) -> Problem:
    kind = next(kind for kind, pattern in _KINDS.items() if re.match(pattern, found[0]))
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
    return Problem(path, line, column, "", f"this looks like {kind}, written into the file", _HINT)
