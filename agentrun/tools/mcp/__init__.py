"""Tools of servers that speak the Model Context Protocol (modelcontextprotocol.io)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.call import Call
from agentrun.errors import NotAskedError
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.tool import Tool

MCP = "mcp"
"""What stands in ``Tool.plugin``."""


async def absent(call: Call, arguments: Mapping[str, Any]) -> Any:
    """Run a tool whose server has not said yet that it has it."""
    del call, arguments
    raise NotAskedError("This is not available at the moment. Say so, and offer to try again later.")


def unlisted(server: McpServer) -> list[Tool]:
    """The tools that ``only:`` names, before their server has been asked what they are.

    So their names are taken, and tests may give results for them, while nothing is connected.
    """
    return [
        Tool(
            name=name,
            description="Not available at the moment.",
            parameters={"type": "object", "properties": {}, "required": []},
            plugin=MCP,
            origin=f"{MCP} {server.label}",
            run=absent,
            **server.options,
        )
        for name in server.only or ()
    ]
