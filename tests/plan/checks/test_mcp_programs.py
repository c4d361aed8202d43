"""A program that an MCP server is begun with is looked for before a call needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import spec
from agentrun.plan.checks import mcp_programs

SPEC = 'transport: local\nprompts: Hi.\ntools: [{{mcp: {{command: ["{}", --stdio]}}}}]\n'
WITHOUT = "so the agent would be without this server's tools"


def warnings(folder: Path, command: str, environ: dict[str, str]) -> list[str]:
    """What is said of a spec in ``folder`` whose server is begun with ``command``."""
    path = folder / "desk.yaml"
    path.write_text(SPEC.format(command))
    return [str(problem) for problem in mcp_programs.check(spec.load(path), environ)]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "server").write_text("#!/bin/sh\n")
    (folder / "server").chmod(0o755)
    (folder / "script.py").write_text("print()\n")
    return folder


@pytest.mark.parametrize("command", ["server", "./bin/server", "${SERVER}", "${NOT_SET}"])
def test_nothing_is_said_of_one_that_is_there(tmp_path: Path, programs: Path, command: str) -> None:
    environ = {"PATH": str(programs), "SERVER": str(programs / "server")}
    assert warnings(tmp_path, command, environ) == []


def test_one_that_is_not_on_the_path_is_named_with_its_line(tmp_path: Path, programs: Path) -> None:
    [said] = warnings(tmp_path, "srever", {"PATH": str(programs)})
    assert said.startswith(f"{tmp_path}/desk.yaml:3:25: warning: tools[0].mcp.command: ")
    assert f"there is no program 'srever' on PATH, {WITHOUT}" in said
    assert said.endswith("hint: install srever, or write where it is: ./srever")


def test_one_that_is_not_in_the_folder_or_can_t_be_run_is_told_apart(tmp_path: Path, programs: Path) -> None:
    environ = {"PATH": str(programs)}
    [missing] = warnings(tmp_path, "./bin/srever", environ)
    assert f"there is no './bin/srever' in {tmp_path}, {WITHOUT}" in missing
    [unready] = warnings(tmp_path, "./bin/script.py", environ)
    assert "'./bin/script.py' can't be run: it is not executable" in unready
    assert "[python, ./bin/script.py]" in unready


@pytest.mark.parametrize(("path", "is_there"), [("${HOME}/bin", True), ("/nowhere", False)])
@pytest.mark.parametrize("elsewhere", [{"PATH": "/nowhere"}, {}])
def test_a_server_with_a_path_of_its_own_is_looked_for_there(
    tmp_path: Path, programs: Path, path: str, is_there: bool, elsewhere: dict[str, str]
) -> None:
    assert programs.parent == tmp_path
    spec_path = tmp_path / "desk.yaml"
    server = f"{{command: [server], environment: {{PATH: '{path}'}}}}"
    spec_path.write_text(f"transport: local\nprompts: Hi.\ntools: [{{mcp: {server}}}]\n")
    found = list(mcp_programs.check(spec.load(spec_path), {"HOME": str(tmp_path), **elsewhere}))
    assert (found == []) == is_there


def test_nothing_is_known_without_a_path(tmp_path: Path) -> None:
    assert warnings(tmp_path, "srever", {}) == []
