"""A tool that an MCP server lists becomes a tool of an agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentrun.call import Call
from agentrun.spec.models.mcp import McpServer
from agentrun.tools.author_errors import AuthoredError, authored
from agentrun.tools.inline_references import flatten
from agentrun.tools.mcp import MCP
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.tool import Runner, Tool

if TYPE_CHECKING:
    from mcp.types import Tool as Listed

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What OpenAI takes as a function's name."""


class UnusableError(Exception):
    """A tool that no model could be given, and why."""


def make(listed: Listed, server: McpServer, connection: Connection) -> Tool:
    """The tool, with the options of its entry in the spec; raises UnusableError.

    Its arguments are checked by the server, which knows more of them than its schema says.
    """
    if not _NAME.fullmatch(listed.name):
        raise UnusableError(f"'{listed.name}' can't be a tool's name for a model")
    try:
        with authored():
            schema = flatten(listed.input_schema)
    except AuthoredError as error:
        raise UnusableError(f"the parameters of '{listed.name}' can't be read: {error}") from None
    return Tool(
        name=listed.name,
        description=listed.description or listed.title or listed.name,
        parameters={"type": "object", "properties": {}, "required": [], **schema},
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
