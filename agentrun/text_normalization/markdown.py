"""Converts Markdown to text that can be spoken."""

from __future__ import annotations

import re

_TARGET = r"\((?=[^)\n]*[/.#:?]|\))[ \t]*<?(?:[^()\s]|\([^()\s]*\))*>?(?:[ \t]+[\"'(][^)\n]*)?[ \t]*\)"
_IMAGE = re.compile(rf"!\[([^\]\n]*)\]{_TARGET}")
_LINK = re.compile(rf"\[([^\]\n]+)\](?:{_TARGET}|\[(?!\d+\])[^\]\n]*\])")
_REFERENCE = re.compile(
    r"^[ \t]*\[[^\]\n^][^\]\n]*\]:[ \t]*<?(?:[a-z]+://|www\.|mailto:|tel:|/|#)\S*.*$", re.M | re.I
)
_FOOTNOTE = re.compile(
    r"\[\^[^\]\n]+\]:?|【(?:[^】\n]*†[^】\n]*|\d+)】|(?<=[\w.,!?\")])\[\d{1,3}(?:[,–-] ?\d{1,3})*\](?!\()"
)
_KEY = re.compile(r"(?<=\d)[ \t]\[(?=\d)")
_STRUCK = re.compile(r"[ \t]?~~(?=\S).+?(?<=\S)~~")
_CODE = re.compile(r"(`+)([^`]+)\1")
_STRONG = re.compile(r"(?<!\d)(\*{1,3})(?=\S)(.+?)(?<=\S)\1(?!\d)", re.DOTALL)
_EMPHASIS = re.compile(r"(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
_RULE = re.compile(r"^[ \t]*(?:([-*_=])[ \t]*)(?:\1[ \t]*){2,}$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t:|-]*$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*(?:>(?![ \t=]*[-+$€£]?\d)[ \t]?)+", re.MULTILINE)
_TASK = re.compile(r"^([ \t]*[-*+•][ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_MINUS = re.compile(r"^[ \t]*[-–−][ \t]+(?=\d+(?:[.,]\d+)? ?°)", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[-*•‣◦·–—]|\+(?![ \t]*\d))[ \t]+(?=\S)", re.MULTILINE)
_BRACKETED = re.compile(r"^[ \t]*(\d{1,3})\)[ \t]+(?=[^\W\d_])", re.MULTILINE)
_NUMBERED = re.compile(
    r"(?:(?<=^)|(?<=\n)|(?<=[.!?:] ))[ \t]*(\d{1,2})\.[ \t]+(?=[^\W\d_\ue000-\uf8ff]|[*_\ue000-\uf8ff])"
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!~|>-])")
_ENDS = ".!?:;,…。！？："


def plain(text: str, *, ordinals: bool = False) -> str:
    """``text`` without Markdown: labels of links, items and rows as sentences.

    With ``ordinals`` a figure and a dot is an ordinal, as in ``1. Mai``, unless several count on.

    >>> plain("**Sure!** See [our page](https://rosa.example/x).")
    'Sure! See our page.'
    >>> plain("Open:\\n- Monday: 9\\n- Sunday\\n\\n# Note\\nCall us")
    'Open: Monday: 9. Sunday. Note. Call us'
    """
    for pattern, replacement in (
        (_REFERENCE, ""), (_IMAGE, r"\1"), (_LINK, r"\1"), (_FOOTNOTE, ""), (_KEY, ", ["), (_STRUCK, ""),
        (_CODE, r"\2"), (_TABLE_RULE, ""), (_RULE, ""), (_HEADING, r"\1"), (_QUOTE, ""), (_TASK, r"\1"),
        (_MINUS, "-"), (_BULLET, ""), (_BRACKETED, r"\1: "),
    ):  # fmt: skip
        text = pattern.sub(replacement, text)
    if not ordinals or _counts(text):
        text = _NUMBERED.sub(r"\1: ", text)
    for pattern, replacement in ((_STRONG, r"\2"), (_STRONG, r"\2"), (_EMPHASIS, r"\2"), (_ESCAPED, r"\1")):
        text = pattern.sub(replacement, text)
    return _sentences(text)


def _counts(text: str) -> bool:
    """Whether the numbers at the beginnings of sentences count from one on."""
    places = [int(found[1]) for found in _NUMBERED.finditer(text)]
    return len(places) > 1 and places == list(range(1, len(places) + 1))


def _sentences(text: str) -> str:
    """Lines as sentences: where a line ends without a mark, the voice pauses all the same."""
    lines = [_row(line.strip()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    ended = [line if line[-1] in _ENDS else f"{line}." for line in lines[:-1]]
    return " ".join([*ended, *lines[-1:]])


def _row(line: str) -> str:
    """The cells of a table's row, with a pause between them."""
    if "|" not in line:
        return line
    return ", ".join(cell.strip() for cell in line.split("|") if cell.strip())
