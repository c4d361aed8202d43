"""Which files are plugins."""

from __future__ import annotations

from pathlib import Path

from agentrun.plugins.find import find
from tests.plugins.conftest import Project


def test_files_and_packages_are_plugins_and_tests_data_and_private_files_are_not(project: Project) -> None:
    for name in (
        "hours.py",
        "desk/__init__.py",
        "two-words.py",
        "testsuites.py",
        "test_hours.py",
        "conftest.py",
        "tests/__init__.py",
        "data/games.json",
        "_private.py",
        ".hidden.py",
        "__pycache__/hours.py",
        "notes.txt",
    ):
        project.write(name, "raise AssertionError('found and not to be imported')")
    assert sorted(find(project.folder)) == ["desk", "hours", "testsuites", "two-words"]


def test_a_project_without_a_folder_of_plugins_has_none(tmp_path: Path) -> None:
    assert find(tmp_path) == {}


def test_plugins_may_not_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "plugins").write_text("")
    assert find(tmp_path) == {}


def test_installed_packages_are_found_by_their_entry_point(tmp_path: Path, installed: Path) -> None:
    [source] = find(tmp_path)["orders"]
    assert source.where == "installed package shop"
