"""One result that can't be used costs its own request alone, and not the connection of everybody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from agentrun.errors import ToolError
from agentrun.tools.mcp.address import Address
from agentrun.tools.mcp.connection import Connection


class Client:
    """Answers, or raises, after a moment."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}

    async def call_tool(self, name: str, _arguments: dict[str, Any]) -> str:
        await asyncio.sleep(0.01)
        if name in self.errors:
            raise self.errors[name]
        return f"{name} is done"


def connected() -> tuple[Connection, Client]:
    connection, client = Connection(Address("shop", "http://127.0.0.1:1/mcp", (), (), (), Path())), Client()
    connection._client = cast(Any, client)
    connection.tried.set()
    return connection, client


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Invalid structured content returned by tool book: 'x' is not of type 'integer'"),
        ValueError("no result at all"),
        ExceptionGroup("of a task group", [RuntimeError("Invalid structured content")]),
    ],
)
async def test_a_result_that_misses_its_schema_is_told_and_the_others_go_on(
    error: Exception,
) -> None:
    connection, client = connected()
    client.errors["book"] = error
    wrong, right = await asyncio.gather(
        connection.call("book", {}), connection.call("order_status", {}), return_exceptions=True
    )
    assert isinstance(wrong, ToolError)
    assert "can't be used" in str(wrong)
    assert str(right) == "order_status is done"
    assert connection.is_up
    assert not connection._lost.is_set()


@pytest.mark.parametrize("error", [OSError("gone"), EOFError(), ExceptionGroup("", [OSError("gone")])])
async def test_a_connection_that_breaks_is_lost_for_all(error: Exception) -> None:
    connection, client = connected()
    client.errors["book"] = error
    with pytest.raises(ToolError, match="the connection was lost"):
        await connection.call("book", {})
    assert not connection.is_up
