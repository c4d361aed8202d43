"""An order is priced, confirmed, and sent to the kitchen once."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agentrun import Call
from agentrun.testing import call_tool
from agentrun.tools.build import build
from agentrun.tools.call_tools import CallTools
from tests.plugins_examples.conftest import load_plugin

TWO: list[dict[str, Any]] = [{"pizza": "diavola"}, {"pizza": "margherita", "size": "small", "quantity": 2}]


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    return load_plugin("orders")


def call_of(folder: Path, call_id: str = "CA1") -> Call:
    environ = {"ORDERS_FILE": str(folder / "orders.sqlite3")}
    return Call(call_id, "pizza", "twilio", "+15550000001", environ=environ)


def kitchen(folder: Path) -> list[Any]:
    db = sqlite3.connect(folder / "orders.sqlite3")
    found = db.execute("SELECT items, phone, total FROM orders").fetchall()
    db.close()
    return found


def test_the_menu_has_every_pizza_that_can_be_ordered(plugin: ModuleType) -> None:
    kinds = build(plugin.get_total, "orders").parameters["properties"]["items"]["items"]["properties"]
    assert set(kinds["pizza"]["enum"]) == set(plugin.MENU)
    assert '"diavola":{"small":"9.00","large":"11.50"}' in call_tool(plugin.get_menu).text


def test_the_total_is_exact(plugin: ModuleType) -> None:
    outcome = call_tool(plugin.get_total, {"items": TWO})
    assert outcome.text == "1 large diavola, 2 small margherita: 26.50 euros."


def test_a_sent_order_is_in_the_kitchen_with_the_caller_s_number(plugin: ModuleType, tmp_path: Path) -> None:
    outcome = call_tool(plugin.send_order, {"items": TWO}, call_of(tmp_path))
    assert outcome.text.endswith("26.50 euros.")
    items = '[[["diavola", "large"], 1], [["margherita", "small"], 2]]'
    assert kitchen(tmp_path) == [(items, "+15550000001", "26.50")]


def test_the_same_order_of_one_call_is_sent_once_however_it_is_listed(
    plugin: ModuleType, tmp_path: Path
) -> None:
    apart = [TWO[1] | {"quantity": 1}, TWO[0], TWO[1] | {"quantity": 1}]
    for items in (TWO, TWO, apart):
        assert call_tool(plugin.send_order, {"items": items}, call_of(tmp_path)).status == "ok"
    assert len(kitchen(tmp_path)) == 1


def test_another_call_may_order_the_same(plugin: ModuleType, tmp_path: Path) -> None:
    for call_id in ("CA1", "CA2"):
        call_tool(plugin.send_order, {"items": TWO}, call_of(tmp_path, call_id))
    assert len(kitchen(tmp_path)) == 2


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([], "The order is empty"),
        ([{"pizza": "diavola", "quantity": 12}, {"pizza": "funghi", "quantity": 12}], "at most 20 pizzas"),
        ([{"pizza": "hawaii"}], "'margherita', 'funghi', 'diavola' or 'quattro formaggi'"),
        ([{"pizza": "diavola", "quantity": 0}], "greater than or equal to 1"),
    ],
)
def test_what_can_t_be_ordered_is_told_in_words(
    plugin: ModuleType, tmp_path: Path, items: list[Any], told: str
) -> None:
    outcome = call_tool(plugin.send_order, {"items": items}, call_of(tmp_path))
    assert (outcome.status, told in outcome.text) == ("refused", True)
    assert not (tmp_path / "orders.sqlite3").exists()


async def test_nothing_is_sent_before_the_caller_has_agreed(plugin: ModuleType, tmp_path: Path) -> None:
    tools, order, call = CallTools(), build(plugin.send_order, "orders"), call_of(tmp_path)
    assert (await tools.run(order, call, {"items": TWO})).status == "unconfirmed"
    assert (await tools.run(order, call, {"items": TWO})).status == "unconfirmed"
    assert not (tmp_path / "orders.sqlite3").exists()
    tools.agent_heard()
    tools.caller_spoke()
    assert (await tools.run(order, call, {"items": TWO})).status == "ok"
    assert (await tools.run(order, call, {"items": TWO})).status == "ok"
    assert len(kitchen(tmp_path)) == 1
