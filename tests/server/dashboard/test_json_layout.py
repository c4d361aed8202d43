"""What tools return is laid out, whatever it is, and never without end."""

from __future__ import annotations

import json

from agentrun.server.dashboard import json_layout
from agentrun.server.dashboard.json_layout import MOST_DEPTH, MOST_NODES, Node


def count(node: Node) -> int:
    return 1 + sum(count(each) for _, each in node.rows) + sum(map(len, node.cells))


def depth(node: Node) -> int:
    return 1 + max((depth(each) for _, each in node.rows), default=0)


def test_objects_are_trees_and_lists_of_alike_objects_tables() -> None:
    text = json.dumps(
        {"day": "Monday", "tables": [{"at": "19:00", "seats": 4}, {"at": "20:00", "seats": None}]}
    )
    tree = json_layout.parse(text)
    assert tree is not None
    (day, monday), (_, tables) = tree.rows
    assert (day, monday.text) == ("day", "Monday")
    assert (tables.columns, tables.cells) == (["at", "seats"], [["19:00", "4"], ["20:00", "null"]])


def test_objects_that_differ_are_a_list() -> None:
    tree = json_layout.lay_out([{"a": 1}, {"b": 2}, {"a": {"c": [3]}}])
    assert (tree.kind, len(tree.rows)) == ("list", 3)


def test_text_that_only_looks_like_json_is_not_laid_out() -> None:
    for text in ("open until ten", "{not json", "[1, 2", '"a"', "", "7", "[" * 100_000):
        assert json_layout.parse(text) is None
    assert json_layout.lay_out({}).text == "{}"


def test_halves_of_letters_can_be_written_into_a_page() -> None:
    layout = json_layout.parse('{"a": "x\\ud83d", "\\udc00": [{"b": "\\ud83d"}]}')
    assert layout
    [(first, text), (second, table)] = layout.rows
    assert "".join((first, text.text, second, *table.cells[0])).encode()


def test_size_and_depth_are_bounded_and_what_is_left_out_is_counted() -> None:
    deep: object = "end"
    for _ in range(50):
        deep = {"in": deep}
    assert depth(json_layout.lay_out(deep)) == MOST_DEPTH + 1
    wide = json_layout.lay_out(list(range(5000)))
    assert count(wide) <= MOST_NODES + 1
    assert wide.left_out == 5000 - MOST_NODES
    table = json_layout.lay_out([{"a": n, "b": n} for n in range(5000)])
    assert len(table.cells) + table.left_out == 5000
    assert count(table) <= MOST_NODES + 1
    nested = json_layout.lay_out({str(n): [{"a": n}] * 50 for n in range(400)})
    assert count(nested) < 3 * MOST_NODES
