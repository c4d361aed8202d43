"""Finds plain-text secrets in a file, and masks them before anything can print them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.spec.checks import secret_shapes

MASK = "•"
_HINT = "put it in a variable and write ${NAME}; this one should be replaced, for others may have seen it"
_IN_ADDRESS = "a key in an address"


def mask(text: str, path: str) -> tuple[str, list[Problem]]:
    """``text`` of ``path`` with every secret masked, length kept, and a problem for each that never shows it.

    >>> mask("key: sk-abcdefghijklmnop", "a.yaml")[0]
    'key: •••••••••••••••••••'
    """
    found = sorted(spans(text))
    problems = [problem(text, start, kind, path) for start, _, kind in found]
    for start, end, _ in found:
        text = text[:start] + re.sub(r"\S", MASK, text[start:end]) + text[end:]
    return text, problems


def cover(text: str, words: str) -> str:
    """``text`` with ``words`` in the place of every secret."""
    for start, end, _ in sorted(spans(text), reverse=True):
        text = text[:start] + words + text[end:]
    return text


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each secret begins and ends, and what it looks like; none lies in another."""
    reached = -1
    found = [(*match.span(), secret_shapes.kind_of(match[0])) for match in secret_shapes.ANY.finditer(text)]
    for match in secret_shapes.IN_ADDRESSES.finditer(text):
        is_password = match["before"].startswith("://")
        if is_password == bool(match["after"]):
            found.append((*match.span("secret"), _IN_ADDRESS))
    for start, end, kind in sorted(found):
        if start >= reached:
            yield start, end, kind
            reached = end


def problem(text: str, start: int, kind: str, path: str) -> Problem:
    """What is told of a secret of ``kind`` that begins at ``start`` of ``text``, without the secret."""
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Problem(path, line, column, "", f"this looks like {kind}, written into the file", _HINT)
