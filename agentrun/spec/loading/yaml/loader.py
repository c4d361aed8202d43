"""Composes YAML nodes without the traps of YAML 1.1, and without alias bombs."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import Node
from yaml.resolver import Resolver

MOST_DEPTH = 30
MOST_NODES = 20_000
_TAG = "tag:yaml.org,2002:"
_PLAIN: dict[str, tuple[re.Pattern[str], list[str]]] = {
    "int": (re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$"), list("-0123456789")),
    "float": (
        re.compile(r"^-?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?$"),
        list("-.0123456789"),
    ),
    "bool": (re.compile(r"^(?:true|false)$"), list("tf")),
    "null": (re.compile(r"^(?:null|~|)$"), ["n", "~", ""]),
}


class TooMuch(yaml.MarkedYAMLError):
    """More values, or a deeper nesting, than any spec has."""


class _Bounded(Composer):
    """Composes no more than a spec has."""

    def __init__(self) -> None:
        Composer.__init__(self)
        self._nodes = 0
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """As PyYAML's, but bounded: composing is recursive, and a megabyte of brackets is easily written."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > MOST_NODES or self._depth > MOST_DEPTH:
            limit = f"{MOST_NODES} values" if self._nodes > MOST_NODES else f"{MOST_DEPTH} levels"
            mark = getattr(self, "peek_event")().start_mark  # noqa: B009
            raise TooMuch(problem=f"more than {limit}", problem_mark=mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class SpecLoader(_Bounded, yaml.SafeLoader):
    """Only decimal numbers, true, false and null are not text: `no`, `0123`, `19:30`, `+1555` are."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        yaml.SafeLoader.__init__(self, text)
        _Bounded.__init__(self)


def compose(text: str) -> Node | None:
    """The nodes of ``text``; raises yaml.YAMLError in the words of PyYAML's own parser.

    LibYAML reads eight times as fast, where PyYAML has it, and says less of what is wrong.
    """
    if FastLoader is not None:
        with contextlib.suppress(yaml.YAMLError):
            node: Node | None = FastLoader(text).get_single_node()
            return node
    return SpecLoader(text).get_single_node()


for _name, (_pattern, _first) in _PLAIN.items():
    SpecLoader.add_implicit_resolver(_TAG + _name, _pattern, _first)

_CParser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
FastLoader: Any = None
if _CParser is not None:

    class _FastLoader(_Bounded, _CParser, Resolver):  # type: ignore[misc]
        yaml_implicit_resolvers = SpecLoader.yaml_implicit_resolvers

        def __init__(self, text: str) -> None:
            _CParser.__init__(self, text)
            _Bounded.__init__(self)
            Resolver.__init__(self)

    FastLoader = _FastLoader


def value(tag: str, text: str) -> str | int | float | bool | None:
    """What a scalar stands for; raises ValueError for a tag that is not plain data.

    >>> value("tag:yaml.org,2002:int", "12"), value("tag:yaml.org,2002:str", "0123")
    (12, '0123')
    """
    name = tag.removeprefix(_TAG)
    if name == "str" and tag != name:
        return text
    if name not in _PLAIN or not _PLAIN[name][0].match(text):
        raise ValueError(tag)
    if name == "null":
        return None
    if name == "bool":
        return text == "true"
    return int(text) if name == "int" else float(text)


def plain(text: str) -> str | int | float | bool | None:
    """A word as YAML reads it where it stands without quotes.

    >>> plain("0.5"), plain("true"), plain("+15551234567")
    (0.5, True, '+15551234567')
    """
    for name, (pattern, _) in _PLAIN.items():
        if pattern.match(text):
            return value(_TAG + name, text)
    return text
