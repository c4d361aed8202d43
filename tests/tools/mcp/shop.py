"""An MCP server with a few tools, made with the official package: run as a program, over stdio or HTTP.

``python shop.py stdio`` or ``python shop.py 8123``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import anyio
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("shop")


@dataclass
class Item:
    """What is bought."""

    name: str
    count: int = 1


@server.tool()
def order_status(order: int) -> str:
    """Say how far an order is.

    Args:
        order: The order's number.
    """
    if order == 8:
        raise ToolError("There is no order 8.")
    return f"Order {order} is baking."


@server.tool()
def place_order(items: list[Item]) -> dict[str, int]:
    """Place an order."""
    return {"pizzas": sum(item.count for item in items)}


@server.tool()
async def take_long(seconds: float) -> str:
    """Take a while."""
    await anyio.sleep(seconds)
    return f"It took {seconds} s."


@server.tool()
def tell_much() -> str:
    """Tell far too much."""
    return "much " * 10_000


@server.tool()
def show_picture() -> Image:
    """Show a picture."""
    return Image(data=b"\x89PNG", format="png")


@server.tool()
def tell_environment() -> list[str]:
    """Say which variables the server has."""
    return sorted(f"{name}={value}" for name, value in os.environ.items())


@server.tool()
def tell_process() -> int:
    """Say which process the server is."""
    return os.getpid()


remembered: list[str] = []


@server.tool()
def remember(word: str) -> list[str]:
    """Remember a word for as long as the server lives, which is wrong of it."""
    remembered.append(word)
    return remembered


@server.tool()
def die() -> str:
    """End the server in the middle of this call."""
    os._exit(1)


@server.tool(name="dotted.name")
def dotted() -> str:
    """Have a name that no model takes."""
    return "never"


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", port=int(sys.argv[1]))
