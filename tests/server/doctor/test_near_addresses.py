"""What the doctor says of servers that a spec names on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

from agentrun import plugins, spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.doctor import near_addresses
from tests.ports import free_port


def plan_of(folder: Path, url: str) -> Plan:
    path = folder / "desk.yaml"
    path.write_text(f"transport: twilio\nprompts: Hi.\ntools: [{{mcp: {{url: '{url}'}}}}]\n")
    file = spec.load(path)
    return planning.make(file, plugins.load(file), {})


async def test_a_server_that_is_there_is_said_to_be_this_machines_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        plan = plan_of(tmp_path, f"http://127.0.0.1:{port}/mcp")
        [found] = await near_addresses.answered([plan, plan])
    assert found.state == "ok"
    assert found.words == (
        f"desk: tools[0].mcp.url: 127.0.0.1:{port} is there; "
        "this machine alone reaches it: agents that run elsewhere, or in a container, don't"
    )


async def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    port = free_port()
    [found] = await near_addresses.answered([plan_of(tmp_path, f"http://localhost:{port}/mcp")])
    assert (found.state, found.words) == (
        "error", f"desk: tools[0].mcp.url: localhost:{port} can't be reached"
    )  # fmt: skip
    assert "agents that run elsewhere" in found.hint


async def test_nothing_is_opened_to_servers_of_the_internet(tmp_path: Path) -> None:
    assert await near_addresses.answered([plan_of(tmp_path, "https://mcp.example.com/mcp")]) == []
