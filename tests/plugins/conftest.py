"""A project on disk: plugins, and a spec that names them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.tools.tool import Tool

TOOL = '''
from agentrun import hookimpl

def {tool}() -> str:
    """Answer."""
    return {answer!r}

@hookimpl
def agentrun_tools():
    return [{tool}]
'''


@dataclass(frozen=True)
class Project:
    """A folder with ``plugins/`` and one spec."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write ``plugins/<name>``."""
        path = self.folder / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def plugin(self, name: str, tool: str, answer: str = "yes") -> Path:
        """Write a plugin with one tool that gives ``answer``."""
        return self.write(name, TOOL.format(tool=tool, answer=answer))

    def load(self, *tools: str) -> tuple[Tool, ...]:
        """The tools of a spec that names ``tools`` from its fourth line on, one a line."""
        entries = [f"  - '{tool}'" for tool in tools]
        lines = ["transport: local", "prompts: Be kind.", "tools:" if tools else "tools: []", *entries]
        path = self.folder / "desk.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return plugins.load(spec.load(path))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, with ``shop``, whose plugin ``orders`` has the tool ``list_orders``."""
    site = tmp_path / "site"
    info = site / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agentrun]\norders = agentrun_test_shop_orders\n")
    (site / "agentrun_test_shop_orders.py").write_text(TOOL.format(tool="list_orders", answer="none"))
    monkeypatch.delitem(sys.modules, "agentrun_test_shop_orders", raising=False)
    monkeypatch.syspath_prepend(str(site))
    return site
