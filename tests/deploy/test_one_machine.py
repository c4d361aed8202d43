"""A service of systemd, and containers on one machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrun.deploy.compose import files as compose
from agentrun.deploy.systemd import files as systemd
from tests.deploy.places import deployment, plan_of

URL = "https://voice.example.com"
ANALYZE = shutil.which("systemd-analyze")
DOCKER = shutil.which("docker")
METRICS = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def unit(folder: Path, **given: Any) -> str:
    return systemd.files(deployment(folder, public_url=URL, **given))["desk.service"].decode()


@pytest.mark.needs(ANALYZE is not None, "systemd-analyze, of systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = "/opt/desk/venv/bin/agentrun"
    text = unit(tmp_path)
    assert program in text
    path = tmp_path / "desk.service"
    path.write_text(text.replace(program, "/bin/true"))
    command = [str(ANALYZE), "verify", "--man=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in done.stderr.splitlines() if "desk.service" in line] == []


@pytest.mark.needs(ANALYZE is not None, "systemd-analyze, of systemd")
def test_systemd_calls_the_unit_safe(tmp_path: Path) -> None:
    (tmp_path / "desk.service").write_text(unit(tmp_path))
    command = [str(ANALYZE), "security", "--offline=yes", "--threshold=25", str(tmp_path / "desk.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_stopping_waits_for_the_longest_call(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, more="limits: {max_duration: 10m}\n")
    text = systemd.files(deployment(tmp_path, plan, public_url=URL))["desk.service"].decode()
    assert "Environment=AGENTRUN_DRAIN=600s\n" in text
    assert "\nTimeoutStopSec=660\n" in text


def test_names_that_systemd_would_fill_in_stay_as_they_are() -> None:
    from agentrun.deploy.rendering import unit_word

    assert unit_word('100% $HOME "x" \\') == '"100%% $$HOME \\"x\\" \\\\"'


def test_the_commands_install_what_was_written(tmp_path: Path) -> None:
    wanted = deployment(tmp_path, public_url=URL)
    made, lines = systemd.files(wanted), systemd.commands(wanted)
    copied = next(line for line in lines if line[:2] == ["cp", "-r"])[2:-1]
    assert all(any(name.split("/")[0] == one for name in made) for one in copied)
    assert ["systemctl", "enable", "--now", "desk.service"] in lines
    assert any("600" in line and "secrets.env" in line for line in lines)


def services(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(made(folder)["compose.yaml"])
    return found


def made(folder: Path) -> dict[str, bytes]:
    return compose.files(deployment(folder, public_url=URL))


@pytest.mark.needs(DOCKER is not None, "docker, with its compose plugin")
def test_docker_compose_takes_the_file(tmp_path: Path) -> None:
    there = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=30, check=False)
    if there.returncode:
        pytest.skip("docker has no compose plugin here")
    for name, text in made(tmp_path).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    example = (tmp_path / "secrets.env.example").read_text()
    (tmp_path / "secrets.env").write_text(re.sub(r"^([A-Z_]+)=$", r"\1=x", example, flags=re.MULTILINE))
    command = ["docker", "compose", "--env-file", "secrets.env", "config", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_agents_are_nobody_in_a_container_that_cannot_be_written_to(tmp_path: Path) -> None:
    agentrun = services(tmp_path)["services"]["agentrun"]
    assert (agentrun["read_only"], agentrun["cap_drop"]) == (True, ["ALL"])
    assert agentrun["stop_grace_period"] == "1860s"
    assert "ports" not in agentrun, "callers come through the proxy alone"


def test_every_secret_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    files = made(tmp_path)
    assert b"sk-very" not in b"".join(files.values())
    asked = set(re.findall(r"\$\{([A-Z_]+):\?\}", files["compose.yaml"].decode()))
    named = set(re.findall(r"^([A-Z_]+)=$", files["secrets.env.example"].decode(), re.MULTILINE))
    assert asked <= named
    assert {"OPENAI_API_KEY", "POSTGRES_PASSWORD", "AGENTRUN_API_KEY"} <= named


def test_alerts_ask_for_metrics_that_there_are(tmp_path: Path) -> None:
    files = made(tmp_path)
    known = set(re.findall(r"`(agentrun_\w+)`", METRICS.read_text()))
    asked = set(re.findall(r"agentrun_\w+", files["alerts.yml"].decode()))
    assert asked
    assert {re.sub(r"_bucket$", "", one) for one in asked} <= known
    rules = yaml.safe_load(files["alerts.yml"])["groups"][0]["rules"]
    assert all(rule["annotations"]["summary"] and rule["for"] for rule in rules)


def test_the_proxy_passes_on_the_agents_alone(tmp_path: Path) -> None:
    text = made(tmp_path)["Caddyfile"].decode()
    assert "handle /desk/* {" in text
    assert "respond 404" in text
