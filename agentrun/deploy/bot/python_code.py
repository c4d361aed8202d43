"""Formats values and calls as readable Python code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrun.spec.values.environment_variables import VARIABLE

WIDTH = 100
"""Characters of a line; a text without a line's end may be longer."""


@dataclass(frozen=True)
class Expression:
    """A call of ``name``; an argument without a name stands as it is."""

    name: str
    arguments: tuple[tuple[str, Expression | str], ...] = ()

    def text(self, indent: int = 0) -> str:
        """The call, whose first line is ``indent`` deep: on one line, or each argument on one of its own.

        >>> print(Expression("Voice", (("name", '"ash"'),)).text())
        Voice(name="ash")
        """
        flat = f"{self.name}({', '.join(_argument(one, 0) for one in self.arguments)})"
        if len(flat) + indent <= WIDTH and "\n" not in flat:
            return flat
        inner = " " * (indent + 4)
        lines = [f"{inner}{_argument(one, indent + 4)},\n" for one in self.arguments]
        return f"{self.name}(\n{''.join(lines)}{' ' * indent})"


def _argument(argument: tuple[str, Expression | str], indent: int) -> str:
    name, value = argument
    text = value if isinstance(value, str) else value.text(indent)
    return f"{name}={text}" if name else text


def literal(value: Any, indent: int = 0) -> str:
    """``value`` of YAML, in several lines where one is too short.

    >>> print(literal({"doors": ['a "door"', "b", None]}))
    {"doors": ['a "door"', "b", None]}
    """
    flat = _flat(value)
    if len(flat) + indent <= WIDTH or not isinstance(value, Mapping | list | tuple):
        return flat
    inner = " " * (indent + 4)
    if isinstance(value, Mapping):
        entries = [f"{_flat(key)}: {literal(one, indent + 4)}" for key, one in value.items()]
        opening, closing = "{}"
    else:
        entries = [literal(one, indent + 4) for one in value]
        opening, closing = "[]"
    lines = "".join(f"{inner}{one},\n" for one in entries)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return repr(value)


def _quoted(text: str) -> str:
    """In double quotes, or in single ones where that takes fewer backslashes."""
    double = json.dumps(text, ensure_ascii=False)
    if text.count('"') <= text.count("'"):
        return double
    return "'" + double[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def lines(text: str, indent: int = 0, beside: int = 0) -> str:
    """A text, over several lines where it has several and doesn't fit on one, with what is ``beside`` it.

    >>> print(lines("Be brief.\\nBe kind.", beside=80))
    (
        "Be brief.\\n"
        "Be kind."
    )
    """
    if "\n" not in text or indent + beside + len(_flat(text)) <= WIDTH:
        return _flat(text)
    every, inner = text.split("\n"), " " * (indent + 4)
    parts = [f"{one}\n" for one in every[:-1]] + ([every[-1]] if every[-1] else [])
    if len(parts) == 1:
        return _flat(text)
    return "(\n" + "".join(f"{inner}{_flat(one)}\n" for one in parts) + " " * indent + ")"


def from_environment(text: str) -> str:
    """A text of a spec with variables, as the expression that reads them.

    >>> from_environment("${HOST:-localhost}/v1"), from_environment("${VOICE}")
    ('(os.getenv("HOST") or "localhost") + "/v1"', 'os.environ["VOICE"]')
    """
    parts, at = list[str](), 0
    for match in VARIABLE.finditer(text):
        parts += [_flat(text[at : match.start()])] if match.start() > at else []
        parts.append(_variable(match[1], match[2]))
        at = match.end()
    parts += [_flat(text[at:])] if at < len(text) else []
    return parts[0] if len(parts) == 1 else " + ".join(map(_bracketed, parts))


def _variable(name: str, usual: str | None) -> str:
    return f'os.environ["{name}"]' if usual is None else f'os.getenv("{name}") or {_flat(usual)}'


def _bracketed(part: str) -> str:
    return f"({part})" if part.startswith("os.getenv") else part
