"""Lays out the arguments and results of tools as trees and tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agentrun.records.storable import storable

MOST_LETTERS = 64 * 1024
"""Longer texts are shown as they are."""
MOST_DEPTH = 6
MOST_NODES = 400
MOST_COLUMNS = 8


@dataclass
class Node:
    """A part of a layout: a ``text``, the ``rows`` of a map or a list, or the ``cells`` of a table."""

    kind: Literal["text", "map", "list", "table"]
    text: str = ""
    rows: list[tuple[str, Node]] = field(default_factory=list)
    columns: Sequence[str] = ()
    cells: list[list[str]] = field(default_factory=list)
    left_out: int = 0
    """How many rows there are beside those that are shown."""


def parse(text: str) -> Node | None:
    """The layout of a text that is a JSON object or array; None where it is something else.

    >>> parse('{"tables": [{"at": "19:00", "seats": 4}]}').rows[0][1].cells
    [['19:00', '4']]
    """
    if len(text) > MOST_LETTERS or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    # JSON may carry halves of letters, escaped, which no page can
    return lay_out(storable(value))


def lay_out(value: Any) -> Node:
    """The layout of a value from JSON, bounded in depth and size."""
    return _Layout().node(value, 0)


class _Layout:
    def __init__(self) -> None:
        self._left = MOST_NODES

    def node(self, value: Any, depth: int) -> Node:
        if not isinstance(value, Mapping | list) or not value:
            return Node("text", _words(value))
        if depth == MOST_DEPTH:
            return Node("text", _short(value))
        if isinstance(value, list) and (columns := _columns(value)):
            return self._table(value, columns)
        pairs = list(value.items()) if isinstance(value, Mapping) else [("", each) for each in value]
        rows = []
        for name, each in pairs:
            if self._left <= 0:
                break
            self._left -= 1
            rows.append((str(name), self.node(each, depth + 1)))
        kind: Literal["map", "list"] = "map" if isinstance(value, Mapping) else "list"
        return Node(kind, rows=rows, left_out=len(pairs) - len(rows))

    def _table(self, rows: list[Mapping[str, Any]], columns: Sequence[str]) -> Node:
        most = max(1, self._left // len(columns))
        cells = [[_words(row[name]) for name in columns] for row in rows[:most]]
        self._left -= len(cells) * len(columns)
        return Node("table", columns=columns, cells=cells, left_out=len(rows) - len(cells))


def _columns(rows: list[Any]) -> Sequence[str]:
    """The columns of a list of objects that all have the same plain parts; none where they differ."""
    first = rows[0]
    if not isinstance(first, Mapping) or not 0 < len(first) <= MOST_COLUMNS:
        return ()
    names = list(first)
    alike = all(isinstance(row, Mapping) and list(row) == names for row in rows)
    plain = alike and not any(isinstance(value, Mapping | list) for row in rows for value in row.values())
    return [str(name) for name in names] if plain else ()


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
    return text if len(text) <= 500 else f"{text[:500]}…"
