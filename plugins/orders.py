"""Take orders for pizza, which a kitchen finds in a SQLite file.

``ORDERS_FILE`` is the file; ``orders.sqlite3`` in the current folder by default.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from agentrun import Call, ToolError, hookimpl, tool

Pizza = Literal["margherita", "funghi", "diavola", "quattro formaggi"]
Size = Literal["small", "large"]
MENU: dict[Pizza, dict[Size, Decimal]] = {
    "margherita": {"small": Decimal("7.50"), "large": Decimal("9.50")},
    "funghi": {"small": Decimal("8.50"), "large": Decimal("10.50")},
    "diavola": {"small": Decimal("9.00"), "large": Decimal("11.50")},
    "quattro formaggi": {"small": Decimal("9.50"), "large": Decimal("12.00")},
}
MOST_PIZZAS = 20
# A repeated order of the same call has the same key, and the database takes only the first.
TABLE = (
    "CREATE TABLE IF NOT EXISTS orders (call TEXT, items TEXT, phone TEXT, total TEXT, UNIQUE (call, items))"
)


@dataclass(frozen=True)
class Item:
    """So many pizzas of one kind and size."""

    pizza: Pizza
    size: Size = "large"
    quantity: Annotated[int, Field(ge=1, le=MOST_PIZZAS)] = 1


def get_menu() -> dict[Pizza, dict[Size, Decimal]]:
    """Say which pizzas there are and what each costs, in euros."""
    return MENU


def get_total(items: list[Item]) -> str:
    """Say what an order costs, without sending it. Use it before you ask the caller to confirm.

    Args:
        items: The pizzas.
    """
    order = bundle(items)
    return f"{described(order)}: {total(order)} euros."


@tool(confirm=True, once_per_call=True, on_interrupt="finish")
def send_order(call: Call, items: list[Item]) -> str:
    """Send an order to the kitchen, once the caller has heard the pizzas and the total, and agreed.

    Args:
        items: All pizzas of the order.
    """
    order = bundle(items)
    row = (call.id, json.dumps(sorted(order.items())), call.caller, str(total(order)))
    path = call.environ.get("ORDERS_FILE", "orders.sqlite3")
    with closing(sqlite3.connect(path)) as kitchen, kitchen:
        kitchen.execute(TABLE)
        kitchen.execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)", row)
    return f"The kitchen has the order: {described(order)}, {total(order)} euros."


@hookimpl
def agentrun_tools() -> list[Callable[..., Any]]:
    return [get_menu, get_total, send_order]


Order = Counter[tuple[Pizza, Size]]
"""How many of each: the same order is the same, however the model lists it."""


def bundle(items: list[Item]) -> Order:
    order: Order = Counter()
    for item in items:
        order[item.pizza, item.size] += item.quantity
    if not order:
        raise ToolError("The order is empty. Ask which pizzas the caller would like.")
    if order.total() > MOST_PIZZAS:
        raise ToolError(f"We bake at most {MOST_PIZZAS} pizzas for one order. Ask for fewer.")
    return order


def total(order: Order) -> Decimal:
    return sum((MENU[pizza][size] * quantity for (pizza, size), quantity in order.items()), Decimal())


def described(order: Order) -> str:
    return ", ".join(f"{quantity} {size} {pizza}" for (pizza, size), quantity in sorted(order.items()))
