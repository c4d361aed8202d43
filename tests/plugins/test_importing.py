"""A plugin that can't be imported says where, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agentrun.errors import PluginError
from tests.plugins.conftest import Project

FAILING = """
def dig():
    raise ValueError("no key")

dig()
"""


def broken(project: Project, name: str = "broken") -> PluginError:
    before = set(sys.modules)
    with pytest.raises(PluginError) as caught:
        project.load(name)
    assert not [module for module in set(sys.modules) - before if "broken" in module]
    assert caught.value.plugin == name
    return caught.value


def test_the_innermost_line_of_the_plugin_is_named(project: Project) -> None:
    path = project.write("broken.py", FAILING)
    error = broken(project)
    assert error.message == f"plugin 'broken' ({path}): {path}:3: ValueError at import: no key"
    assert error.hint == "mend the plugin; its file must import by itself"


def test_an_error_inside_a_library_points_at_the_plugin_s_line(project: Project) -> None:
    path = project.write("broken.py", "import json\n\njson.loads('{')\n")
    assert f"{path}:3: JSONDecodeError at import" in broken(project).message


def test_a_package_that_fails_in_a_module_names_that_module(project: Project) -> None:
    project.write("broken/__init__.py", "from . import fine, inner\n")
    project.write("broken/fine.py", "")
    inner = project.write("broken/inner.py", FAILING)
    assert f"{inner}:3: ValueError" in broken(project).message


def test_a_syntax_error_is_named_with_its_line(project: Project) -> None:
    path = project.write("broken.py", "x = 1\ndef f(:\n")
    assert f"{path}:2: SyntaxError at import: invalid syntax" in broken(project).message


@pytest.mark.parametrize("text", ["x = '\udcff'".encode("utf-8", "surrogateescape"), b"\0"])
def test_a_file_that_is_not_python_is_an_error_of_the_plugin(project: Project, text: bytes) -> None:
    path = project.write("broken.py", "")
    path.write_bytes(text)
    assert f"{path}" in broken(project).message


def test_a_plugin_that_exits_ends_itself_only(project: Project) -> None:
    path = project.write("broken.py", "import sys\nsys.exit(7)\n")
    error = broken(project)
    assert f"{path}:2: SystemExit at import: 7" in error.message
    assert "must not exit" in error.hint


def test_a_missing_library_says_what_to_install(project: Project) -> None:
    path = project.write("broken.py", "import agentrun_test_not_there\n")
    error = broken(project)
    assert f"{path}:1: ModuleNotFoundError" in error.message
    assert error.hint.startswith("install what brings 'agentrun_test_not_there'")
    assert "plugins/requirements.txt" in error.hint


def test_an_installed_plugin_that_fails_names_its_package(project: Project, installed: Path) -> None:
    module = installed / "agentrun_test_shop_orders.py"
    module.write_text("# Orders of the shop.\n\nraise ValueError('shop closed')\n")
    error = broken(project, "orders")
    assert error.message.startswith("plugin 'orders' (installed package shop): ")
    assert f"{module}:3: ValueError at import: shop closed" in error.message


def test_ctrl_c_during_an_import_stops_the_command(project: Project) -> None:
    project.write("broken.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        project.load("broken")


def test_a_dataclass_in_a_plugin_finds_its_module(project: Project) -> None:
    project.write(
        "desk.py",
        '''
from __future__ import annotations
from dataclasses import dataclass
from agentrun import hookimpl

@dataclass
class Table:
    seats: int
    near: list[Table]

def find(seats: int) -> Table:
    """Find a table."""
    return Table(seats, [])

@hookimpl
def agentrun_tools():
    return [find]
''',
    )
    assert [tool.name for tool in project.load("desk")] == ["find"]
