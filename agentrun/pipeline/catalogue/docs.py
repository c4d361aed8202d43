"""Reads the description of each argument from Pipecat's docstrings, as one sentence."""

from __future__ import annotations

import re

import griffe

DEPRECATED = "deprecated"
_MARKUP = (
    (re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`"), r"`\1`"),
    (re.compile(r"`([^`<]+) <([^`>]+)>`_"), r"\1 (\2)"),
    (re.compile(r"::(?=\s|$)"), ":"),
)
"""What reStructuredText writes, and what a person reads."""


def sentences(docstring: griffe.Docstring | None) -> dict[str, str]:
    """The first sentence on each name of a docstring; the word ``deprecated`` where it says so.

    A docstring that lists no names gives its own first sentence under the empty name.
    """
    if docstring is None:
        return {}
    meanings: dict[str, str] = {}
    for section in docstring.parse("google"):
        if section.kind in (griffe.DocstringSectionKind.parameters, griffe.DocstringSectionKind.attributes):
            for entry in section.value:
                meanings.setdefault(entry.name, first_sentence(entry.description))
    return meanings or {"": first_sentence(docstring.value)}


def first_sentence(text: str) -> str:
    """``text`` up to its first full stop, on one line.

    >>> first_sentence("Speed of ``speech``, e.g. 1.5. Defaults to 1.")
    'Speed of `speech`, e.g. 1.5.'
    >>> first_sentence("See `the docs <https://example.com>`_ and :class:`~a.b.Frame`.")
    'See the docs (https://example.com) and `Frame`.'
    """
    if ".. deprecated::" in text:
        return DEPRECATED
    plain = " ".join(text.partition("\n\n")[0].replace("``", "`").split())
    for pattern, words in _MARKUP:
        plain = pattern.sub(words, plain)
    end = re.search(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)\.(?=\s+[A-Z`\"])", plain)
    return plain[: end.end()] if end else plain
