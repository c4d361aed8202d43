"""From the names of a spec to tools."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agentrun import Call
from agentrun.errors import PluginError, SpecError
from agentrun.tools.running.invoke import invoke
from agentrun.tools.tool import Tool
from tests.plugins.conftest import Project

BOTH = '''
from agentrun import hookimpl

def men() -> str:
    """Men."""
    return "men"

async def women() -> str:
    """Women."""
    return "women"

@hookimpl
def agentrun_tools():
    return [men, women]
'''
CALL = Call(id="1", agent="desk", transport="local")


def names(project: Project, *tools: str) -> list[str]:
    return [tool.name for tool in project.load(*tools)]


def problem(project: Project, *tools: str) -> tuple[int, int, str, str]:
    """Line, column, message and hint of the only problem."""
    with pytest.raises(SpecError) as caught:
        project.load(*tools)
    [found] = caught.value.problems
    assert found.path == str(project.folder / "desk.yaml")
    assert found.where.startswith("tools[")
    return found.line, found.column, found.message, found.hint


def test_a_plugin_brings_all_its_tools_in_its_order(project: Project) -> None:
    project.write("scores.py", BOTH)
    assert names(project, "scores") == ["men", "women"]


def test_one_tool_may_be_named_alone(project: Project) -> None:
    project.write("scores.py", BOTH)
    [tool] = project.load("scores.women")
    assert (tool.name, tool.plugin, tool.origin) == ("women", "scores", "plugins/scores.py:8")


def test_tools_stand_in_the_order_of_the_spec_and_once(project: Project) -> None:
    project.write("scores.py", BOTH)
    project.plugin("hours.py", "opening_hours")
    assert names(project, "scores.women", "hours", "scores", "hours") == ["women", "opening_hours", "men"]


def test_a_spec_without_tools_imports_nothing(project: Project) -> None:
    project.write("broken.py", "1 / 0")
    assert project.load() == ()


def test_a_broken_plugin_that_the_spec_does_not_name_cannot_stop_it(project: Project) -> None:
    project.write("broken.py", "raise SystemExit(7)")
    project.plugin("hours.py", "opening_hours")
    assert names(project, "hours") == ["opening_hours"]


def test_a_package_may_import_its_own_modules(project: Project) -> None:
    project.write("desk/__init__.py", "from .work import agentrun_tools\n")
    project.plugin("desk/work.py", "book")
    [tool] = project.load("desk")
    assert (tool.name, tool.origin) == ("book", "desk/work.py:4")


async def test_an_installed_package_brings_tools(project: Project, installed: Path) -> None:
    [tool] = project.load("orders")
    assert tool.name == "list_orders"
    assert (await invoke(tool, CALL, {})).text == "none"


async def test_two_projects_may_each_have_a_plugin_of_one_name(tmp_path: Path) -> None:
    tools: list[Tool] = []
    for name in ("one", "two"):
        project = Project(tmp_path / name)
        project.write("desk/__init__.py", "from .work import agentrun_tools\n")
        project.plugin("desk/work.py", "who", answer=name)
        tools += project.load("desk")
    assert [(await invoke(tool, CALL, {})).text for tool in tools] == ["one", "two"]


def test_loading_leaves_the_import_path_alone(project: Project) -> None:
    before = list(sys.path)
    project.plugin("hours.py", "opening_hours")
    project.load("hours")
    assert sys.path == before
    assert "hours" not in sys.modules


def test_unknown_plugin_points_at_its_line_with_a_close_match(project: Project) -> None:
    project.plugin("hours.py", "opening_hours")
    line, column, message, hint = problem(project, "hours", "huors")
    assert (line, column) == (5, 5)
    assert message == f"there is no plugin 'huors' in {project.folder / 'plugins'} or installed"
    assert hint == "did you mean 'hours'?"


@pytest.mark.parametrize(
    ("there", "name", "why"),
    [
        (
            "test_drive.py",
            "test_drive",
            "names that begin with _ or test_, tests and conftest are not plugins",
        ),
        (
            "tests/__init__.py",
            "tests",
            "names that begin with _ or test_, tests and conftest are not plugins",
        ),
        ("_own.py", "_own", "names that begin with _ or test_, tests and conftest are not plugins"),
        ("orders/hours.py", "orders", "it has no __init__.py"),
    ],
)
def test_what_is_there_and_no_plugin_is_named(project: Project, there: str, name: str, why: str) -> None:
    file = project.folder / "plugins" / there
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    place = file if there.endswith(f"{name}.py") else project.folder / "plugins" / name
    _, _, message, _ = problem(project, name)
    assert message == f"{place} is ignored: {why}"


def test_unknown_plugin_lists_what_is_there(project: Project) -> None:
    project.plugin("hours.py", "opening_hours")
    project.plugin("scores.py", "scores")
    hint = problem(project, "zzz")[3]
    assert hint == f"write {project.folder / 'plugins' / 'zzz.py'}, or name one of: hours, scores"


def test_unknown_plugin_without_any_says_where_to_put_one(project: Project) -> None:
    assert problem(project, "zzz")[3] == f"write {project.folder / 'plugins' / 'zzz.py'}"


def test_unknown_tool_points_at_its_line_with_a_close_match(project: Project) -> None:
    project.write("scores.py", BOTH)
    assert problem(project, "scores.womne") == (
        4,
        5,
        "plugin 'scores' has no tool 'womne'",
        "did you mean 'scores.women'?",
    )
    assert problem(project, "scores.zzz")[3] == "name one of its tools: men, women"


@pytest.mark.parametrize("entry", ["scores.", ".men", "scores.men.x", "scores men", "."])
def test_an_entry_that_names_nothing_says_how_to_write_it(project: Project, entry: str) -> None:
    project.write("scores.py", BOTH)
    _, _, message, hint = problem(project, entry)
    assert message == f"'{entry}' names no tool"
    assert hint == "write a plugin's name, or plugin.tool"


def test_two_tools_of_one_name_name_both_origins(project: Project) -> None:
    project.plugin("one.py", "hours")
    project.plugin("two.py", "hours")
    line, _, message, hint = problem(project, "one", "two")
    assert line == 5
    assert message == "two tools are called 'hours': plugins/one.py:4 and plugins/two.py:4"
    assert "@tool(name=…)" in hint


def test_a_file_and_a_package_of_one_name_are_both_named(project: Project) -> None:
    file = project.plugin("desk.py", "book")
    package = project.plugin("desk/__init__.py", "book")
    assert problem(project, "desk")[2] == f"two plugins are called 'desk': {package} and {file}"


def test_a_file_and_an_installed_package_of_one_name_are_both_named(
    project: Project, installed: Path
) -> None:
    file = project.plugin("orders.py", "list_orders")
    assert (
        problem(project, "orders")[2] == f"two plugins are called 'orders': {file} and installed package shop"
    )


def test_two_plugins_of_one_name_do_not_matter_where_nobody_names_them(project: Project) -> None:
    project.plugin("desk.py", "book")
    project.plugin("desk/__init__.py", "book")
    project.plugin("hours.py", "opening_hours")
    assert names(project, "hours") == ["opening_hours"]


def test_one_broken_plugin_is_a_plugin_error(project: Project) -> None:
    project.write("broken.py", "x = 1\n1 / 0\n")
    with pytest.raises(PluginError, match=r"broken\.py:2: ZeroDivisionError at import"):
        project.load("broken")


def test_everything_that_is_wrong_is_said_at_once(project: Project) -> None:
    project.write("broken.py", "1 / 0")
    project.write("worse.py", "def")
    project.write("scores.py", BOTH)
    with pytest.raises(SpecError) as caught:
        project.load("broken", "scores.child", "worse", "nowhere", "broken.tool")
    assert [found.line for found in caught.value.problems] == [4, 5, 6, 7]
    text = str(caught.value)
    assert "broken.py:1: ZeroDivisionError" in text
    assert "no tool 'child'" in text
    assert "worse.py:1: SyntaxError" in text
    assert "no plugin 'nowhere'" in text
