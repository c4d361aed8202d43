"""The documentation is whole: it builds strictly, every page can be found, and every variable is in it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
VARIABLES = re.compile(r'"((?:AGENTRUN|OPENAI|TWILIO|DAILY)_[A-Z0-9_]+)"')
NO_VARIABLES = {"OPENAI_VOICES", "OPENAI_ADDRESS", "TWILIO_API_KEY", "AGENTRUN_PROT"}
"""Names in the code that look like variables of the environment and are none."""


def of_nav(item: object) -> set[str]:
    """The pages below an item of the navigation."""
    if isinstance(item, str):
        return {item}
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return set().union(*map(of_nav, inside))


def test_every_page_is_in_the_navigation() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert of_nav(settings["nav"]) == set(PAGES)


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "tutorials" / "first-agent.html").exists()


def test_every_link_from_the_readme_leads_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        targets = re.findall(r"\]\((?!http)([^)#]+)", text)
        assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_variable_of_the_environment_is_in_its_page() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "agentrun").rglob("*.py"))
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    assert {name for name in VARIABLES.findall(code) if name not in page} <= NO_VARIABLES
