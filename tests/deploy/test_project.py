"""Which files belong to agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.deploy import project
from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from tests.deploy.places import plan_of


def load(path: Path) -> Plan:
    file = spec.load(path)
    return planning.make(file, plugins.load(file), {})


def test_everything_that_an_agent_reads_comes_along_and_its_tests_of_plugins_do_not(tmp_path: Path) -> None:
    plan_of(tmp_path, "billing")
    plan_of(tmp_path, "desk")
    write = {
        "agents/base.yaml": "pipeline: {llm: openai/gpt-4o-mini}\n",
        "agents/prompts/desk.md": "Be brief.\n",
        "agents/docs/menu.md": "# Menu\n",
        "agents/docs/tests/old.md": "# Old\n",
        "agents/docs/.hidden": "no",
        "plugins/_shared.py": "X = 1\n",
        "plugins/data/prices.json": "{}\n",
        "plugins/test_hours.py": "",
        "plugins/tests/test_more.py": "",
        "plugins/conftest.py": "",
        ".env": "OPENAI_API_KEY=secret\n",
    }
    for name, text in write.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "agents" / "desk.yaml").write_text(
        "extends: base.yaml\ntransport: twilio\nprompts: {system: {file: prompts/desk.md}}\n"
        "knowledge: docs\ntools: [hours]\nhandoff: billing\n"
    )
    found = project.collect([load(tmp_path / "agents" / "desk.yaml")])
    assert set(found.files) == {
        "agents/base.yaml", "agents/billing.yaml", "agents/desk.yaml", "agents/docs/menu.md",
        "agents/docs/tests/old.md", "agents/prompts/desk.md", "plugins/_shared.py",
        "plugins/data/prices.json", "plugins/hours.py",
    }  # fmt: skip
    assert found.specs == ("agents/desk.yaml",)


def test_specs_of_two_projects_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with pytest.raises(SetupError, match="different projects"):
        project.collect([plan_of(tmp_path / "a"), plan_of(tmp_path / "b", "other")])


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    plan = plan_of(tmp_path / "project")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "project" / "plugins" / "data.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(SetupError, match=r"data\.txt is not in the project's folder"):
        project.collect([plan])


@pytest.mark.parametrize(("most", "value"), [("MOST_FILES", 1), ("MOST_BYTES", 10)])
def test_a_project_that_is_too_big_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str, value: int
) -> None:
    monkeypatch.setattr(project, most, value)
    with pytest.raises(SetupError, match="has more than"):
        project.collect([plan_of(tmp_path)])
