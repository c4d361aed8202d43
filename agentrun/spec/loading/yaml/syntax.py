"""Explains YAML syntax errors, and where they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from agentrun.spec.loading.yaml import loader as yaml_loader

_HINTS = (
    ("mapping values are not allowed", 'put a value with a colon in quotes: say: "Hello: who is calling?"'),
    ("found another document", "remove the second `---`: a file holds one spec"),
    ("undefined alias", "put a value that begins with * in quotes"),
    (r"'\t' that cannot start", "indent with spaces, not tabs"),
    ("cannot start any token", "put a value that begins with @, ` or % in quotes"),
    ("more than", "flatten it; long texts belong into files of their own"),
    ("more values", "write it out, or drop what is not needed"),
    ("quoted scalar", "close the quotes"),
    ("flow sequence", "close the bracket `]`"),
    ("flow mapping", "close the brace `}`; put a value that begins with {{ in quotes"),
    ("expected ':'", "check the indentation and the colons of this line and the one above"),
    ("block mapping", "check the indentation and the colons of this line and the one above"),
)
_TEMPLATE = re.compile(r":\s+(\{\{.*\}\}.*)$")
_VARIABLE = re.compile(r"[:,\[{]\s*(\$\{[^}]*\})")
_NO_SPACE = re.compile(r"^\s*(?:- )?([a-z_]+):([^\s:/].*)$")
_ODD_INDENT = re.compile("[ ]*([\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff])")


@dataclass(frozen=True)
class Fault:
    """One fault of the text, at a line and a column from 1."""

    line: int
    column: int
    message: str
    hint: str


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Fault:
    """What ``error`` means in ``lines``: what its writer most likely did, else what the parser says."""
    opened = error.context_mark if "end of stream" in str(error.problem) else None
    mark = opened or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = str(error.problem or error.context).removeprefix("but ")
    if isinstance(error, yaml_loader.TooMuch):
        return Fault(line, column, what, _usual(error))
    return _habit(lines, line) or Fault(line, column, f"this is not YAML: {what}", _usual(error))


def _usual(error: yaml.MarkedYAMLError) -> str:
    message = f"{error.problem} {error.context}"
    return next((hint for words, hint in _HINTS if words in message), "check quotes and indentation here")


def _habit(lines: Sequence[str], line: int) -> Fault | None:
    """What people write out of habit: templates and variables without quotes, a colon without a space."""
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if match := _TEMPLATE.search(here):
        words = f"{match[1].split('}}')[0]}}}}}"
        message = f"a value that begins with {words} needs quotes"
        return Fault(line, match.start(1) + 1, message, f'write "{match[1].strip()}"')
    if "{" in here.replace("${", "") and (match := _VARIABLE.search(here)):
        message = f"{match[1]} needs quotes between braces"
        return Fault(line, match.start(1) + 1, message, f'write "{match[1]}"')
    for number in (line - 1, line):
        if 0 < number <= len(lines) and (match := _ODD_INDENT.match(lines[number - 1])):
            message = f"this line is indented with U+{ord(match[1]):04X}, which is no space to YAML"
            return Fault(number, match.start(1) + 1, message, "write ordinary spaces")
        match = _NO_SPACE.match(lines[number - 1]) if 0 < number <= len(lines) else None
        if match:
            hint = f"write `{match[1]}: {match[2]}`"
            return Fault(number, match.end(1) + 1, "there is no space after the colon", hint)
    return None
