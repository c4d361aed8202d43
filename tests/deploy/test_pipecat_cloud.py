"""What is written for Pipecat Cloud, held against their own package, and what can't be there."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
from pipecatcloud._utils import build_utils, deploy_utils
from pipecatcloud._utils.deploy_utils import DeployConfigParams
from pipecatcloud.cli import config
from pipecatcloud.cli.entry_point import entrypoint_cli_typer

from agentrun.cli.options.target import TARGET_NAMES
from agentrun.deploy.image import locked
from agentrun.deploy.pipecat_cloud import checks, files
from agentrun.deploy.targets import TARGETS
from agentrun.errors import Problem, SetupError
from tests.deploy.places import deployment, plan_of


def read(folder: Path, text: bytes, monkeypatch: pytest.MonkeyPatch) -> DeployConfigParams:
    """The deploy file as their own command line reads it."""
    path = folder / "pcc-deploy.toml"
    path.write_bytes(text)
    monkeypatch.setattr(config, "deploy_config_path", str(path))
    found = deploy_utils.load_deploy_config_file()
    assert found is not None
    return found


def wrong(found: list[Problem], severity: str = "error") -> list[str]:
    return [one.where for one in found if one.severity == severity]


def test_their_own_loader_reads_the_deploy_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = deployment(tmp_path, calls=25)
    found = read(tmp_path, files.files(wanted)["pcc-deploy.toml"], monkeypatch)
    assert (found.agent_name, found.secret_set) == ("desk", "desk-secrets")
    assert found.max_session_duration == 1_860
    assert (found.scaling.min_agents, found.scaling.max_agents) == (1, 25)
    assert found.websocket_auth == "none"
    assert found.krisp_viva.audio_filter is None
    assert found.build_config.dockerfile == "Dockerfile"


def test_without_a_telephone_a_socket_takes_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = files.files(deployment(tmp_path, plan_of(tmp_path, transport="daily")))
    assert read(tmp_path, made["pcc-deploy.toml"], monkeypatch).websocket_auth == "token"
    assert "twiml-bin.xml" not in made
    assert made["requirements.txt"] == b"agentrun-voice[daily,postgresql]==0.1.0\n"


def test_what_nobody_imports_is_not_in_the_image(tmp_path: Path) -> None:
    text = files.files(deployment(tmp_path))["Dockerfile"].decode()
    step = text.partition("RUN pip install")[2].splitlines()[1]
    assert step.split() == ["&&", "pip", "uninstall", "--yes", *sorted(locked.UNUSED)]


LEFT_BESIDE = (
    ".env", "secrets.env", "secrets.env.example", ".git/config", ".venv/bin/python", "agents/.env",
    "agents/x.env",
    "plugins/__pycache__/hours.cpython-312.pyc", ".agentrun-eject.json", "pcc-deploy.toml",
)  # fmt: skip


def test_no_secret_is_sent_to_their_builds(tmp_path: Path) -> None:
    """Their command line leaves out nothing of its own accord where there is a file that says what to."""
    made = files.files(deployment(tmp_path))
    out = tmp_path / "out"
    for name, content in (*made.items(), *((one, b"secret") for one in LEFT_BESIDE)):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    exclusions = build_utils.get_exclusions(out)
    context = build_utils.create_deterministic_tarball(str(out), exclusions)
    with tarfile.open(fileobj=io.BytesIO(context.tarball)) as sent:
        names = set(sent.getnames())
    assert names == {"Dockerfile", "agents/desk.yaml", "bot.py", "plugins/hours.py", "requirements.txt"}


@pytest.mark.parametrize("organization", [None, "three-words"])
def test_their_command_line_takes_the_commands_and_asks_nothing(
    tmp_path: Path, organization: str | None
) -> None:
    [secrets, deploys] = files.commands(deployment(tmp_path, organization=organization))
    app: Any = typer.main.get_command(entrypoint_cli_typer)
    for line, wanted in ((secrets, {"skip_confirm": True}), (deploys, {"force": True})):
        assert line[:2] == ["pipecat", "cloud"]
        command, words = app, line[2:]
        while hasattr(command, "commands"):
            command, words = command.commands[words[0]], words[1:]
        given = command.make_context(words[0], list(words)).params
        assert given["organization"] == organization
        assert {name: given[name] for name in wanted} == wanted


@pytest.mark.parametrize(("calls", "is_said"), [(None, False), (50, False), (51, True)])
def test_more_sessions_than_they_allow_are_told_of(tmp_path: Path, calls: int | None, is_said: bool) -> None:
    remarks = files.remarks(deployment(tmp_path, calls=calls))
    assert any("at most 50 sessions" in one for one in remarks) == is_said


def test_the_twiml_names_the_service_and_who_calls(tmp_path: Path) -> None:
    made = files.files(deployment(tmp_path, organization="three-words"))
    root = ElementTree.fromstring(made["twiml-bin.xml"])
    found = {one.get("name"): one.get("value") for one in root.iter("Parameter")}
    assert found == {
        "_pipecatCloudServiceHost": "desk.three-words", "from_number": "{{From}}", "to_number": "{{To}}",
    }  # fmt: skip


def test_bot_py_is_three_lines_and_specs_and_plugins_are_byte_identical(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, name="front_desk")
    made = files.files(deployment(tmp_path, plan))
    lines = [one for one in made["bot.py"].decode().splitlines()[1:] if one.strip()]
    assert len(lines) == 3
    compile(made["bot.py"], "bot.py", "exec")
    for name in ("agents/front_desk.yaml", "plugins/hours.py"):
        assert made[name] == (tmp_path / name).read_bytes()
    assert b'agent_name = "front-desk"' in made["pcc-deploy.toml"]


def test_secrets_are_names_without_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    made = files.files(deployment(tmp_path))
    assert b"sk-very" not in b"".join(made.values())
    text = made["secrets.env.example"].decode()
    assert re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE) == [
        ("OPENAI_API_KEY", ""), ("TWILIO_ACCOUNT_SID", ""), ("TWILIO_AUTH_TOKEN", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("hours: {zone: UTC, open: {mon: '09:00-10:00'}}", "hours"),
        ("callers: {block: ['+1555']}", "callers"),
        ("limits: {calls: 3}", "limits.calls"),
        ("limits: {calls_per_caller: 1}", "limits.calls_per_caller"),
        ("limits: {calls_per_minute: 9}", "limits.calls_per_minute"),
        ("limits: {max_duration: 240m}", "limits.max_duration"),
        ("record: {audio: recordings/}", "record.audio.to"),
    ],
)
def test_what_their_gateway_cannot_hold_is_refused_at_its_place(
    tmp_path: Path, more: str, where: str
) -> None:
    found = checks.problems(plan_of(tmp_path, more=f"{more}\n"), {"AGENTRUN_RECORDS": "none"})
    assert wrong(found) == [where]
    assert all(one.line > 1 for one in found)


@pytest.mark.parametrize(
    ("transport", "where"),
    [
        ("{type: local, device: microphone}", "transport.device"),
        ("[twilio, {type: local, device: microphone}]", "transport[1].device"),
        ("{type: daily, room_url: 'https://example.daily.co/desk'}", "transport.room_url"),
    ],
)
def test_a_way_in_that_is_not_there_is_refused(tmp_path: Path, transport: str, where: str) -> None:
    found = checks.problems(plan_of(tmp_path, transport=transport), {"AGENTRUN_RECORDS": "none"})
    assert wrong(found) == [where]


def test_calls_that_the_agent_places_are_warned_of(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, transport="{type: twilio, dial: {allow: ['+1']}}")
    assert wrong(checks.problems(plan, {"AGENTRUN_RECORDS": "none"}), "warning") == ["transport.dial"]


@pytest.mark.parametrize(
    ("store", "more", "severity"),
    [
        ("", "", "warning"),
        ("none", "", None),
        ("sqlite:///calls.sqlite3", "", "error"),
        ("postgresql+psycopg://db/calls", "", None),
        ("", "record: {webhook: 'https://crm.example.com/calls'}\n", None),
        ("sqlite:///calls.sqlite3", "record: {webhook: 'https://crm.example.com/calls'}\n", None),
    ],
)
def test_records_must_leave_the_container(
    tmp_path: Path, store: str, more: str, severity: str | None
) -> None:
    environ = {"AGENTRUN_RECORDS": store} if store else {}
    found = checks.problems(plan_of(tmp_path, more=more), environ)
    assert [one.severity for one in found] == ([severity] if severity else [])


DISPATCHED = (
    "hours: {zone: UTC, open: {mon: '09:00-10:00'}}\ncallers: {block: ['+1555']}\nlimits: {calls: 3}\n"
)


def test_what_a_dispatching_server_holds_can_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path, more=DISPATCHED)
    assert wrong(checks.dispatched_problems(plan, {"AGENTRUN_RECORDS": "none"})) == []
    made = files.files(deployment(tmp_path, plan, dispatched=True))
    assert read(tmp_path, made["pcc-deploy.toml"], monkeypatch).websocket_auth == "token"
    assert "twiml-bin.xml" not in made
    assert b"dispatched=True" in made["bot.py"]
    assert b'"pipecat-cloud", "--dispatched"' in made["Dockerfile"]


@pytest.mark.parametrize(
    ("transport", "more", "where"),
    [
        ("daily", "", "transport.type"),
        ("[twilio, daily]", "", "transport[1].type"),
        ("{type: local, device: browser}", "", "transport.type"),
        ("twilio", "limits: {calls: auto}\n", "limits.calls"),
        ("twilio", "limits: {max_duration: 240m}\n", "limits.max_duration"),
        ("twilio", "record: {audio: recordings/}\n", "record.audio.to"),
    ],
)
def test_what_a_dispatching_server_cannot_hold_is_refused(
    tmp_path: Path, transport: str, more: str, where: str
) -> None:
    plan = plan_of(tmp_path, transport=transport, more=more)
    assert wrong(checks.dispatched_problems(plan, {"AGENTRUN_RECORDS": "none"})) == [where]


@pytest.mark.parametrize("target", [name for name in TARGET_NAMES if name != "pipecat-cloud"])
def test_nothing_else_is_dispatched_to(tmp_path: Path, target: str) -> None:
    with pytest.raises(SetupError, match="--dispatched is for --target pipecat-cloud"):
        TARGETS[target].problems_with(plan_of(tmp_path), {}, dispatched=True)


def test_a_limit_that_just_fits_is_no_problem(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, more="limits: {max_duration: 239m}\n")
    assert checks.problems(plan, {"AGENTRUN_RECORDS": "none"}) == []
    assert checks.session_seconds(plan.spec) == checks.MOST_SESSION


def test_the_command_line_knows_every_target() -> None:
    assert set(TARGET_NAMES) == set(TARGETS)
