"""Makes untrusted text safe for terminals and logs."""

from __future__ import annotations

import json
import re
from typing import Any

_COMMANDS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, with ESC and the C1 that some terminals obey
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # these turn the direction of what follows
    "\u2028\u2029"  # lines and paragraphs, to some programs
    "\ud800-\udfff"  # halves of pairs, which no encoding has a place for
)
_UNSHOWN = re.compile(f"[{_COMMANDS}]")
_UNSHOWN_OR_BREAK = re.compile(f"[{_COMMANDS}\t\n]")


def printable(text: str) -> str:
    """``text`` with escape codes instead of the characters that a terminal would obey.

    What a caller is called, what a tool gives and how an MCP server names its tools can hold such characters.
    Line breaks and tabs stay.

    >>> printable("Bob \\x1b[2J\\u202e!")
    'Bob \\\\x1b[2J\\\\u202e!'
    """
    return _UNSHOWN.sub(_numbered, text)


def one_line(text: str) -> str:
    """Like ``printable``, and with line breaks escaped, so that a logged text can't fake another line.

    >>> one_line("failed\\n12:00:00 INFO all is well")
    'failed\\\\n12:00:00 INFO all is well'
    """
    return _UNSHOWN_OR_BREAK.sub(_numbered, text)


def as_json(value: Any, indent: int | None = None) -> str:
    """``value`` as JSON that a terminal can show: it reads back the same."""
    return _UNSHOWN.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def _numbered(match: re.Match[str]) -> str:
    code = ord(match[0])
    escapes = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return escapes.get(match[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
