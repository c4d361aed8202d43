"""A call has the tools that its agent's MCP servers have by then, and a flow all that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.calls.mcp_tools import RemoteTools
from agentrun.spec.models.flow import Flow
from agentrun.tools.mcp.address import address
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.mcp.listing import Listing
from agentrun.tools.mcp.servers import McpServers, servers_of

SPEC = """
transport: twilio
prompts: You answer for a restaurant.
tools: [{mcp: {url: "http://127.0.0.1:1/mcp", only: [book]}}]
"""
FLOW = """
flow:
  initial_node: start
  nodes:
    start: {task_messages: Take the booking., functions: [{name: book, transition_to: start}]}
"""


def made(folder: Path, more: str) -> tuple[Plan, RemoteTools]:
    """An agent whose server answers, and has none of the tools that its spec names."""
    path = folder / "desk.yaml"
    path.write_text(SPEC + more)
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {"OPENAI_API_KEY": "k"})
    servers, [server] = McpServers(), servers_of(file)
    place = address(server, file.project, plan.environ)
    servers._connections[place] = Connection(place, Listing())
    return plan, RemoteTools(servers)


async def test_a_tool_of_a_flow_that_its_server_has_no_more_is_there_and_says_so(tmp_path: Path) -> None:
    plan, remote = made(tmp_path, FLOW)
    equipped, own = remote.equip(plan)
    assert isinstance(plan.spec.flow, Flow)
    [book] = equipped.tools
    assert (book.name, own) == ("book", [])
    with pytest.raises(ToolError, match="not available at the moment"):
        await book.run(Call("CA1", "desk", "twilio"), {})


async def test_without_a_flow_the_model_is_offered_what_the_server_has(tmp_path: Path) -> None:
    plan, remote = made(tmp_path, "")
    assert remote.equip(plan)[0].tools == ()
