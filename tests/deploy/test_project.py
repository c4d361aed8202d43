"""Which files belong to agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.deploy import project, variables
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


@pytest.mark.parametrize("name", ["", "name: desk\n"])
def test_a_link_that_gives_its_agent_another_name_is_refused(tmp_path: Path, name: str) -> None:
    path = plan_of(tmp_path).file.path
    path.write_text(name + path.read_text())
    (tmp_path / "front.yaml").symlink_to(path)
    plan = load(tmp_path / "front.yaml")
    if name:
        assert project.collect([plan]).specs == ("agents/desk.yaml",)
        return
    with pytest.raises(SetupError, match="is called by the name of that"):
        project.collect([plan])


def test_what_a_place_has_by_itself_is_no_secret_to_fill_in(tmp_path: Path) -> None:
    header = "{X-Who: '${CRM_KEY} ${HOME} ${PATH} ${AGENTRUN_PUBLIC_URL} ${POD_NAME}'}"
    more = f"tools: [{{mcp: {{url: 'https://mcp.example.com/mcp', headers: {header}}}}}]\n"
    path = tmp_path / "desk.yaml"
    path.write_text(f"transport: local\nprompts: Hi.\n{more}")
    assert variables.names([load(path)]) == ["OPENAI_API_KEY", "CRM_KEY"]


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


@pytest.mark.parametrize(
    ("files", "more"),
    [
        ({"house style.md": "Be brief."}, 'prompts: {system: !include "house style.md"}\n'),
        ({"steps.yaml": "say: !include hello.txt", "hello.txt": "Hello."}, "vars: !include steps.yaml\n"),
        ({"base.yaml": "prompts: {system: Base.}\n"}, "extends: base.yaml\nprompts: {system: Own.}\n"),
        (
            {"base.yaml": "vars: !include house.yaml\n", "house.yaml": "place: Rome\n"},
            "extends: base.yaml\nvars: {place: Paris}\nprompts: {system: Own.}\n",
        ),
    ],
)
def test_what_is_read_comes_along_also_where_no_value_of_it_is_left(
    tmp_path: Path, files: dict[str, str], more: str
) -> None:
    """A text has no values, and those of a base may all be replaced: the copy can't be read without them."""
    (tmp_path / "plugins").mkdir()
    for name, text in {"desk.yaml": "name: desk\ntransport: twilio\n" + more, **files}.items():
        (tmp_path / name).write_text(text)
    if "prompts" not in more:
        (tmp_path / "desk.yaml").write_text("name: desk\ntransport: twilio\nprompts: {system: Hi.}\n" + more)
    file = spec.load(tmp_path / "desk.yaml")
    made = project.collect([planning.make(file, plugins.load(file), {})])
    assert set(made.files) == {"desk.yaml", *files}
    before = file.digest
    (tmp_path / min(files)).write_text(files[min(files)] + "\n\n")
    assert spec.load(tmp_path / "desk.yaml").digest != before, "another version of the agent"
