"""``{{ name }}`` in the texts of a flow, with the syntax of Pipecat Flows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PLACEHOLDER = re.compile(rf"(\\?)\{{\{{\s*({_NAME}(?:\.{_NAME})*)\s*\}}\}}")
_ANY = re.compile(r"(?<!\\)\{\{(.*?)\}\}", re.DOTALL)


class MissingValueError(Exception):
    """``name`` has no value yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{{ {name} }}}} has no value yet")
        self.name = name


def names(text: str) -> Iterator[str]:
    """Every name that ``text`` asks for, with dots for what is inside.

    >>> list(names("Your {{ order.size }} pizza, {{ name }}; \\\\{{ kept }}"))
    ['order.size', 'name']
    """
    return (match[2] for match in _PLACEHOLDER.finditer(text) if not match[1])


def unfilled(text: str) -> Iterator[str]:
    """What stands in braces and is no name, such as ``{{ a | upper }}``: it would be said as it is."""
    return (match[1].strip() for match in _ANY.finditer(text) if not _PLACEHOLDER.fullmatch(match[0]))


def unclosed(text: str) -> str:
    """The beginning of braces that nothing closes, or nothing.

    >>> unclosed("Hello {{ name, how are you?"), unclosed("Hello {{ name }}")
    ('{{ name, how are you', '')
    """
    rest = re.search(r"(?<!\\)\{\{[^{}]*", _ANY.sub("", text))
    return rest[0][:20].strip() if rest else ""


def fill(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with its names filled in; raises MissingValueError for one without a value, or with null.

    >>> fill("A {{ order.size }} one.", {"order": {"size": "large"}})
    'A large one.'
    """
    return _PLACEHOLDER.sub(lambda found: found[0][1:] if found[1] else str(_value(found[2], values)), text)


def _value(path: str, values: Mapping[str, Any]) -> Any:
    current: Any = values
    for part in path.split("."):
        if not isinstance(current, Mapping) or (current := _inside(current, part)) is None:
            raise MissingValueError(path)
    return current


def _inside(mapping: Mapping[str, Any], part: str) -> Any:
    try:
        return mapping[part]
    except KeyError:
        return None
