"""Secrets that somebody wrote into a plugin or a document are not brought elsewhere with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agentrun import plugins, spec
from agentrun.cli import deploying
from agentrun.cli.commands import eject
from agentrun.cli.options.target import TARGET_NAMES
from agentrun.deploy import copied_secrets
from agentrun.deploy.targets import TARGETS
from agentrun.errors import SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from tests.deploy.places import deployment, plan_of

KEY = "sk-" + "abcdefghij0123456789"
URL = "https://voice.example.com"


def plan_with(folder: Path, name: str, content: bytes | str) -> Plan:
    """The desk, with one more file in its project."""
    plan = plan_of(folder)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return plan


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("plugins/_crm.py", f'import os\n\nKEY = "{KEY}"\n', 3),
        ("plugins/crm/__init__.py", f"# {KEY}\n", 1),
        ("plugins/data/crm.json", f'{{\n "key": "{KEY}"}}', 2),
        ("plugins/_store.py", 'URL = "postgresql://me:hunter22@db/crm"\n', 1),
        (
            "plugins/account.pem",
            "-----BEGIN PRIVATE KEY-----\nMIIEvQ0123456789\n-----END PRIVATE KEY-----\n",
            1,
        ),
        ("plugins/.hidden/crm.json", f'"{KEY}"', None),
        ("plugins/test_crm.py", f'"{KEY}"', None),
        ("plugins/tone.wav", b"\xff\xfe" + KEY.encode(), None),
        ("plugins/_clean.py", 'import os\nKEY = os.environ["CRM_API_KEY"]\n', None),
        ("plugins/prices.csv", f"{KEY}\n" + "x" * copied_secrets.MOST_BYTES, None),
        ("notes.txt", KEY, None),
    ],
)
@pytest.mark.parametrize("target", ["image", "bot"])
def test_a_secret_in_a_file_that_is_copied_is_refused_at_its_line(
    tmp_path: Path, name: str, content: bytes | str, line: int | None, target: str
) -> None:
    found = TARGETS[target].problems_with(plan_with(tmp_path, name, content), {})
    said = [(one.path, one.line, one.severity) for one in found if "written into the file" in one.message]
    assert said == ([] if line is None else [(str(tmp_path / name), line, "error")])
    assert not any(KEY in str(one) or "hunter22" in str(one) for one in found)


SHOWN = (
    '"""Connects to redis://user:password@localhost/0."""',
    'URL = "postgresql://postgres:postgres@db/crm"',
    'URL = "postgresql://crm:seven7seven@127.0.0.1:5432/crm"',
    'URL = "https://me:seven7seven@api.example.com/"',
    'ACCOUNT = "AC' + "0a" * 16 + '"',
    'KEY = "AKIAIOSFODNN7EXAMPLE"',
    "# OPENAI_API_KEY=sk-proj-" + "x" * 24,
    'KEY = "sk-test-your-key-here-please"',
    'URL = "https://hooks.slack.com/services/T000/B000/' + "X" * 24 + '"',
)
SECRET = (
    'KEY = "SK' + "0a" * 16 + '"',
    'KEY = "AKIAIOSFODNN7EXAMP2E"',
    'URL = "postgresql://crm:seven7seven@localhost.example.shop/crm"',
    'URL = "postgresql://crm:seven7seven@10.1.2.3/crm"',
    'KEY = "sk-proj-' + "x" * 24 + 'abc0123"',
    "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n-----END PRIVATE KEY-----",
)


@pytest.mark.parametrize("line", [*SHOWN, *SECRET], ids=[str(n) for n in range(len(SHOWN) + len(SECRET))])
def test_what_examples_show_and_an_account_s_sid_are_no_secrets(tmp_path: Path, line: str) -> None:
    found = list(copied_secrets.problems(plan_with(tmp_path, "plugins/_crm.py", f"{line}\n")))
    assert bool(found) == (line in SECRET)


def test_a_folder_of_data_takes_no_minutes_and_code_is_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_with(tmp_path, "plugins/_crm.py", f'KEY = "{KEY}"\n')
    plan = plan_with(tmp_path, "plugins/a_table.csv", f"{KEY}\n" + "x" * 5_000)
    monkeypatch.setattr(copied_secrets, "MOST_TOTAL", 1_000)
    assert [Path(one.path).name for one in copied_secrets.problems(plan)] == ["_crm.py"]
    monkeypatch.setattr(copied_secrets, "MOST_TOTAL", 10_000)
    found = sorted(Path(one.path).name for one in copied_secrets.problems(plan))
    assert found == ["_crm.py", "a_table.csv"]


def test_a_file_of_variables_among_the_plugins_is_refused(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, "plugins/crm.env", "CRM_PASSWORD=hunter2\n")
    [found] = copied_secrets.problems(plan)
    assert (found.path, found.severity) == (str(tmp_path / "plugins" / "crm.env"), "error")


def test_a_document_may_hold_what_only_looks_like_a_secret(tmp_path: Path) -> None:
    plan_with(tmp_path, "agents/docs/menu.md", "Book at https://x.example.com/?token=abcdef123\n")
    path = tmp_path / "agents" / "desk.yaml"
    path.write_text(path.read_text() + "knowledge: docs\n")
    file = spec.load(path)
    [found] = copied_secrets.problems(planning.make(file, plugins.load(file), {}))
    assert (found.line, found.severity) == (1, "warning")


def test_nothing_is_written_where_a_plugin_holds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)
    plan_with(tmp_path, "plugins/_crm.py", f'KEY = "{KEY}"\n')
    given = [str(tmp_path / "agents"), "--to", str(tmp_path / "out"), "--target", "image"]
    with pytest.raises(SpecError, match=r"_crm\.py:1:8: this looks like an API key"):
        CliRunner().invoke(eject.command, given, catch_exceptions=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["plugins/out", "agents/docs/out"])
def test_a_folder_that_would_be_copied_into_itself_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)
    plan_with(tmp_path, "agents/docs/menu.md", "# Menu\nSoup.\n")
    path = tmp_path / "agents" / "desk.yaml"
    path.write_text(path.read_text() + "knowledge: docs\n")
    given = [str(path), "--to", str(tmp_path / name), "--target", "image"]
    with pytest.raises(SetupError, match="which is copied as a whole"):
        CliRunner().invoke(eject.command, given, catch_exceptions=False)


@pytest.mark.parametrize("target", [name for name in TARGET_NAMES if name != "image"])
def test_how_a_value_is_written_is_said_as_it_is_read_there(tmp_path: Path, target: str) -> None:
    """Compose and python-dotenv fill in what follows a $, and take quotes away; others keep both."""
    made = TARGETS[target].files(deployment(tmp_path, public_url=URL))["secrets.env.example"].decode()
    assert ("in single quotes" in made) == (target in ("bot", "compose"))
    assert ("without quotes" in made) == (target not in ("bot", "compose"))
    assert {line[0] for line in made.splitlines()[:3] if line} == {"#"}


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_no_value_of_a_variable_stands_in_what_is_written(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", "CRM_KEY", "AGENTRUN_API_KEY")
    for name in (*names, "AGENTRUN_WEBHOOK_SECRET", "AGENTRUN_RECORDS", "POSTGRES_PASSWORD"):
        monkeypatch.setenv(name, f"{KEY}-{name}")
    plan_of(tmp_path)
    path = tmp_path / "agents" / "desk.yaml"
    path.write_text(path.read_text() + "vars: {crm: '${CRM_KEY}'}\n")
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    made = TARGETS[target].files(deployment(tmp_path, plan, public_url=URL))
    assert [name for name, content in made.items() if KEY.encode() in content] == []
