"""Adds the current tools of MCP servers to a plan when a call begins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from loguru import logger

from agentrun.plan.checks import tool_count
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.session import Session
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.mcp import unlisted
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.mcp.servers import McpServers, McpTools, servers_of
from agentrun.tools.tool import Tool

Own = list[Connection]
"""Connections of one call alone."""
_MOST_NAMES = 200
"""Characters of the names of tools in a line of the log."""


class RemoteTools:
    """Gives each call the tools that its agent's MCP servers have by then; says each trouble once."""

    def __init__(self, servers: McpServers) -> None:
        self._servers = servers
        self._said: set[str] = set()

    def open(self, plan: Plan) -> list[Connection]:
        """Begin to connect with the servers of an agent; returns at once, and nothing fails here."""
        servers = servers_of(plan.file)
        return self._servers.open(servers, plan.file.project, plan.environ, offline=plan.offline)

    def close_unused(self, plans: Iterable[Plan]) -> None:
        """Let go of the servers that none of ``plans`` names: those of specs as they stood before an edit."""
        self._servers.close_unused((servers_of(plan.file), plan.file.project, plan.environ) for plan in plans)

    def equip(self, plan: Plan) -> tuple[Plan, list[Connection]]:
        """The plan of one call that begins now, and the connections that are its own, opened."""
        servers = servers_of(plan.file)
        if not servers:
            return plan, []
        toolset = self._servers.bring(plan.tools, servers, plan.file.project, plan.environ)
        tools = _in_one_request(plan, toolset)
        for trouble in toolset.troubles:
            if trouble not in self._said:
                self._said.add(trouble)
                logger.error("{}: {}", plan.spec.name, trouble)
        for connection in toolset.connections:
            connection.open()
        tools = tools + (_unlisted(servers, tools) if plan.spec.flow else [])
        return replace(plan, tools=tuple(tools)), toolset.connections


def _in_one_request(plan: Plan, found: McpTools) -> list[Tool]:
    """As many of the tools as the model takes: those that the servers listed last are left out.

    A node of a flow names its own, which are counted before a call.
    """
    asked = () if plan.spec.flow else (plan.llm, plan.realtime)
    surplus = tool_count.surplus(asked, found.tools)
    if surplus:
        names = ", ".join(tool.name for tool in surplus)[:_MOST_NAMES]
        found.troubles.append(
            f"a request has {tool_count.MOST} tools at most; {len(surplus)} are left out: {names}"
        )
    return found.tools[: len(found.tools) - len(surplus)]


def _unlisted(servers: Sequence[McpServer], there: Sequence[Tool]) -> list[Tool]:
    """What a flow's nodes may name by ``only:``, and a server has no more: it says so when it is called."""
    names = {tool.name for tool in there}
    return [tool for server in servers for tool in unlisted(server) if tool.name not in names]


async def run(session: Session, connections: Sequence[Connection]) -> CallRecord:
    """Run a call, and close what was connected for it alone."""
    try:
        return await session.run()
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))
