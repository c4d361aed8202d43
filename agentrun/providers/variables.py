"""Replaces ``${NAME}`` and ``${NAME:-default}`` in a spec by environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentrun.spec.loading.spec_file import Where
from agentrun.spec.values.environment_variables import VARIABLE

_BROKEN = re.compile(r"\$\{[^}]*\}?")


@dataclass(frozen=True)
class Unset:
    """A variable without a value, and the place below the value that was expanded."""

    name: str
    where: Where


def expand(value: Any, environ: Mapping[str, str]) -> Any:
    """``value`` with every variable replaced, in mappings and lists too; an unset one becomes nothing.

    A variable that is set to nothing counts as unset, as in a shell's ``${NAME:-default}``.

    >>> expand({"voice": "${VOICE:-ballad}"}, {})
    {'voice': 'ballad'}
    """
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: environ.get(match[1]) or match[2] or "", value)
    if isinstance(value, Mapping):
        return {key: expand(inner, environ) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [expand(inner, environ) for inner in value]
    return value


def unset(value: Any, environ: Mapping[str, str], where: Where = ()) -> Iterator[Unset]:
    """Every variable in ``value`` that has neither a value nor a default."""
    for text, here in _texts(value, where):
        for match in VARIABLE.finditer(text):
            if not environ.get(match[1]) and match[2] is None:
                yield Unset(match[1], here)


def broken(value: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """Everything in ``value`` that begins like a variable and is none, such as ``${MY-KEY}``."""
    for text, here in _texts(value, where):
        for match in _BROKEN.finditer(text):
            if not VARIABLE.fullmatch(match[0]):
                yield here, match[0]


def names(value: Any) -> list[str]:
    """The variables in ``value``, in mappings and lists too.

    >>> names({"voice": "${VOICE:-ballad}", "words": ["a", "${B}"]})
    ['VOICE', 'B']
    """
    return [match[1] for text, _ in _texts(value, ()) for match in VARIABLE.finditer(text)]


def has_variable(value: Any) -> bool:
    """Whether a text holds a variable."""
    return isinstance(value, str) and bool(VARIABLE.search(value))


def _texts(value: Any, where: Where) -> Iterator[tuple[str, Where]]:
    if isinstance(value, str):
        yield value, where
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*where, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*where, index))
