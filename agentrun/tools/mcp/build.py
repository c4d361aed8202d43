"""Builds an agent's tool from one that an MCP server lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.call import Call
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.mcp import MCP
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.mcp.listing import ListedTool
from agentrun.tools.tool import Runner, Tool


def make(listed: ListedTool, server: McpServer, connection: Connection) -> Tool:
    """The tool, with the options of its entry in the spec.

    Its arguments are checked by the server, which knows more of them than its schema says.
    """
    return Tool(
        name=listed.name,
        description=listed.description,
        parameters=listed.parameters,
        plugin=MCP,
        origin=f"{MCP} {server.label}",
        run=_runner(listed.name, connection),
        **server.options,
    )


def _runner(name: str, connection: Connection) -> Runner:
    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        from agentrun.tools.mcp.result_text import told

        del call
        return told(name, await connection.call(name, arguments))

    return run
