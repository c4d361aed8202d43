"""Appends a test to a tests file without changing the rest of it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import yaml

from agentrun.errors import SetupError
from agentrun.spec.models.scenarios import Scenario

_WIDTH = 110


def append(scenario: Scenario, path: Path) -> None:
    """Write ``scenario`` at the end of the ``scenarios`` of ``path``; the file is made when there is none.

    Raises SetupError when the file has a test of that name, or no list at its end that can be gone on with.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    data = _read(before, path) or {"scenarios": []}
    tests = data.get("scenarios")
    if not isinstance(tests, list):
        raise SetupError(f"{path} has no scenarios", "begin it with `scenarios:`")
    if any(isinstance(test, dict) and test.get("name") == scenario.name for test in tests):
        raise SetupError(
            f"{path} has a test '{scenario.name}' already", "remove it, or write to another file"
        )
    added = scenario.model_dump(mode="json", exclude_unset=True)
    text = (before.rstrip("\n") or "scenarios:") + "\n" + _block(added, _indent(before))
    if _read(text, path) != {**data, "scenarios": [*tests, added]}:
        raise SetupError(
            f"{path} does not end with its scenarios, one `- name:` below the other",
            "write to another file, and move the test by hand",
        )
    path.write_text(text, encoding="utf-8")


def _block(test: dict[str, Any], indent: int) -> str:
    block = yaml.safe_dump([test], sort_keys=False, allow_unicode=True, width=_WIDTH)
    return textwrap.indent(block, " " * indent)


def _indent(text: str) -> int:
    """How far the dashes of the list stand in."""
    lines = text.partition("scenarios:")[2].splitlines()
    dash = next((line for line in lines if line.lstrip().startswith("- ")), "  - ")
    return len(dash) - len(dash.lstrip())


def _read(text: str, path: Path) -> dict[str, Any] | None:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SetupError(
            f"{path} is not YAML: {' '.join(str(error).split())}", "see `agentrun check`"
        ) from None
    if data is not None and not isinstance(data, dict):
        raise SetupError(f"{path} has no scenarios", "begin it with `scenarios:`")
    return data
