"""What the command line says of MCP servers: offline nothing, and what they answer where it asks them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.distribution import install_extra
from agentrun.plan import plan as planning
from agentrun.server.doctor import mcp_checks
from agentrun.spec.checks import required_extras
from tests.cli.test_new import run
from tests.tools.mcp.conftest import SHOP, SHOP_ARGUMENTS

SPEC = """
transport: local
prompts: Hi.
tools:
  - mcp: {{command: {command}, only: [order_status{more}], confirm: true, timeout: 4s}}
"""


def write(folder: Path, more: str = "", command: tuple[str, ...] = SHOP_ARGUMENTS) -> Path:
    path = folder / "shop.yaml"
    path.write_text(SPEC.format(command=json.dumps(command), more=more))
    return path


def test_checking_starts_no_server(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    write(tmp_path, command=(str(program),))
    assert run(tmp_path, "agentrun", "check", "shop.yaml").returncode == 0
    assert not (tmp_path / "started").exists()


def test_a_missing_package_is_told_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(required_extras, "find_spec", lambda name: name != "mcp")
    [warning] = required_extras.missing(spec.load(write(tmp_path)))
    assert (warning.line, warning.hint) == (5, install_extra("mcp"))


def test_listing_tools_asks_the_server(tmp_path: Path) -> None:
    write(tmp_path, ", odrer")
    done = run(tmp_path, "agentrun", "tools", "list", "shop.yaml")
    assert "order_status(order: integer)\n  Say how far an order is.\n  mcp " in done.stdout
    assert "shop.py stdio, timeout 4 s, asks the caller first" in done.stdout
    assert "has no tool 'odrer'; it has: order_status, place_order" in done.stderr


def test_a_tool_of_a_server_runs_without_a_call(tmp_path: Path) -> None:
    write(tmp_path)
    done = run(tmp_path, "agentrun", "tools", "call", "shop.yaml", "order_status", '{"order": 7}')
    assert (done.returncode, done.stdout) == (0, "Order 7 is baking.\n")
    done = run(tmp_path, "agentrun", "tools", "call", "shop.yaml", "order_status", '{"order": 8}')
    assert (done.returncode, "There is no order 8." in done.stdout) == (4, True)


@pytest.mark.parametrize(
    ("more", "command", "said"),
    [
        ("", SHOP_ARGUMENTS, [("ok", "shop has order_status")]),
        (", odrer", SHOP_ARGUMENTS, [("error", "has no tool 'odrer'"), ("ok", "shop has order_status")]),
        (
            "]}\ntests: [{name: t, turns: [{user: x, llm: [{call: order_status, args: {oder: 7}}]}]}]\n#",
            SHOP_ARGUMENTS,
            [("ok", "shop has order_status"), ("warning", "'oder'")],
        ),
        ("", (sys.executable, str(SHOP.parent / "nowhere.py")), [("error", "can't be reached")]),
    ],
)
async def test_the_doctor_asks_the_servers_for_their_tools(
    tmp_path: Path, more: str, command: tuple[str, ...], said: list[tuple[str, str]]
) -> None:
    file = spec.load(write(tmp_path, more, command))
    plan = planning.make(file, plugins.load(file), {"OPENAI_API_KEY": "k"})
    found = await mcp_checks.servers([plan], {})
    assert [
        (finding.state, words in finding.words) for finding, (_, words) in zip(found, said, strict=True)
    ] == [(state, True) for state, _ in said]
