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
from agentrun.tools.mcp.listing import ListedTool, Listing
from agentrun.tools.mcp.servers import McpServers, servers_of
from tests.log_lines import log_lines

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


LISTED = Listing({f"t{n}": ListedTool(f"t{n}", "One of many.", {}) for n in range(120)})
MANY = """
transport: twilio
prompts: You answer for a restaurant.
tools:
  - mcp: {url: "http://127.0.0.1:1/mcp"}
  - mcp: {url: "http://127.0.0.1:2/mcp"}
  - hang_up
"""


def equipped(folder: Path, environ: dict[str, str]) -> list[str]:
    """The tools of a call whose two servers list 120 and 80 more."""
    path = folder / "desk.yaml"
    path.write_text(MANY)
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {"OPENAI_API_KEY": "k", **environ})
    servers = McpServers()
    first, second = (address(each, file.project, plan.environ) for each in servers_of(file))
    others = Listing({f"o{n}": ListedTool(f"o{n}", "One more.", {}) for n in range(80)})
    servers._connections.update({first: Connection(first, LISTED), second: Connection(second, others)})
    with log_lines("ERROR") as said:
        tools = [tool.name for tool in RemoteTools(servers).equip(plan)[0].tools]
    assert [line for line in said if "73 are left out: o7, o8" in line] == said
    assert bool(said) == (len(tools) < 201)
    return tools


def test_no_more_tools_than_a_request_takes_are_offered_and_the_own_ones_stay(tmp_path: Path) -> None:
    tools = equipped(tmp_path, {})
    assert len(tools) == 128
    assert tools[0] == "hang_up"
    assert tools[-1] == "o6"


def test_another_server_may_take_more(tmp_path: Path) -> None:
    assert len(equipped(tmp_path, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})) == 201
