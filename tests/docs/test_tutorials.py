"""A tutorial works as it stands: its files are written, and its commands end well, in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests import programs

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
STEP = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```', re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("name", ["first-agent", "first-tool", "first-test"])
def test_a_tutorial_works_as_it_stands(name: str, tmp_path: Path) -> None:
    ran = 0
    for step in STEP.finditer((TUTORIALS / f"{name}.md").read_text(encoding="utf-8")):
        if step["file"]:
            (tmp_path / step["file"]).parent.mkdir(exist_ok=True)
            (tmp_path / step["file"]).write_text(step["text"], encoding="utf-8")
        elif step["kind"] == "console":
            for line in step["text"].splitlines():
                if line.startswith("$ agentrun "):
                    words = shlex.split(line.removeprefix("$ agentrun "))
                    done = programs.run(*words, cwd=tmp_path, timeout=110)
                    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                    ran += 1
    assert ran > 0
