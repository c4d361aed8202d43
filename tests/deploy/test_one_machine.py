"""A service of systemd, and containers on one machine."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrun.deploy.compose import files as compose
from agentrun.deploy.systemd import files as systemd
from agentrun.http import activated_socket
from tests.deploy.places import deployment, plan_of
from tests.deploy.units import ANALYZE, complaints

URL = "https://voice.example.com"
DOCKER = shutil.which("docker")


def unit(folder: Path, **given: Any) -> str:
    return systemd.files(deployment(folder, public_url=URL, **given))["desk@.service"].decode()


@pytest.mark.needs(ANALYZE is not None, "systemd-analyze, of systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    for name, content in systemd.files(deployment(tmp_path, public_url=URL)).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert complaints(tmp_path, "desk") == []


@pytest.mark.needs(ANALYZE is not None, "systemd-analyze, of systemd")
def test_systemd_calls_the_unit_safe(tmp_path: Path) -> None:
    (tmp_path / "desk.service").write_text(unit(tmp_path))
    command = [str(ANALYZE), "security", "--offline=yes", "--threshold=25", str(tmp_path / "desk.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_systemd_listens_for_the_proxy_and_secrets_are_in_a_file_of_their_own(tmp_path: Path) -> None:
    made = {name: text.decode() for name, text in systemd.files(deployment(tmp_path, public_url=URL)).items()}
    assert "reverse_proxy 127.0.0.1:7860" in made["Caddyfile"]
    assert "\nListenStream=127.0.0.1:7860\n" in made["desk.socket"]
    assert f"\nFileDescriptorName={activated_socket.NAME}\n" in made["desk.socket"]
    service = made["desk@.service"]
    assert "\nRequires=desk.socket\n" in service
    assert "\nSockets=desk.socket\n" in service
    assert "AGENTRUN_PORT" not in service, "the socket's address is the server's"
    assert "secrets.env" not in service
    assert "\nEnvironmentFile=/etc/desk/secrets.env\n" in made["desk@.service.d/secrets.conf"]


def test_versions_share_a_user_who_is_nobody_else() -> None:
    assert systemd.user("postgres") == "agentrun-postgres"
    long = [systemd.user("a" * 39 + letter) for letter in "bc"]
    assert len({*long}) == 2
    assert {len(name) for name in long} == {31}


def test_stopping_waits_for_the_longest_call(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, more="limits: {max_duration: 10m}\n")
    text = systemd.files(deployment(tmp_path, plan, public_url=URL))["desk@.service"].decode()
    assert "Environment=AGENTRUN_DRAIN=600s\n" in text
    assert "\nTimeoutStopSec=660\n" in text


def test_names_that_systemd_would_fill_in_stay_as_they_are() -> None:
    from agentrun.deploy.rendering import unit_word

    assert unit_word('100% $HOME "x" \\') == '"100%% $$HOME \\"x\\" \\\\"'


def test_an_older_caddy_is_told_of_where_its_file_is_read(tmp_path: Path) -> None:
    assert "Caddy 2.7" in systemd.files(deployment(tmp_path, public_url=URL))["Caddyfile"].decode()


def test_the_script_installs_what_was_written(tmp_path: Path) -> None:
    wanted = deployment(tmp_path, public_url=URL)
    made = systemd.files(wanted)
    assert systemd.commands(wanted) == [["sh", "release.sh", "install"]]
    [found] = re.findall(r"^ +find (.+) -type f", made["release.sh"].decode(), re.MULTILINE)
    told = {one.removeprefix("./") for one in shlex.split(found)}
    assert {name.split("/")[0] for name in made} - told == {".gitignore", "secrets.env.example"}


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
    every = services(tmp_path)["services"]
    for agentrun in (every["agentrun-1"], every["agentrun-2"]):
        assert (agentrun["read_only"], agentrun["cap_drop"]) == (True, ["ALL"])
        assert agentrun["stop_grace_period"] == "1870s"
        assert "ports" not in agentrun, "callers come through the proxy alone"
    assert every["agentrun-1"]["volumes"] != every["agentrun-2"]["volumes"]


def test_each_server_is_reached_by_the_other_for_what_belongs_to_its_calls(tmp_path: Path) -> None:
    every = services(tmp_path)["services"]
    for name in ("agentrun-1", "agentrun-2"):
        environ = every[name]["environment"]
        assert environ["AGENTRUN_PRIVATE_HOST"] == name
        assert environ["AGENTRUN_PUBLIC_URL"] == URL


def test_no_container_fills_the_disk_with_its_log(tmp_path: Path) -> None:
    for name, one in services(tmp_path)["services"].items():
        assert one["logging"]["options"]["max-size"], name


def test_one_server_answers_while_the_other_is_exchanged(tmp_path: Path) -> None:
    lines = compose.commands(deployment(tmp_path, public_url=URL))
    assert [line[4] for line in lines] == ["build", "up", "up", "up", "cp", "exec", "restart"]
    assert [line[-1] for line in lines[1:3]] == ["agentrun-1", "agentrun-2"]


def test_only_the_proxy_can_be_reached_from_other_machines(tmp_path: Path) -> None:
    ports = {name: one.get("ports", []) for name, one in services(tmp_path)["services"].items()}
    open_to_all = {
        name for name, each in ports.items() if any(not one.startswith("127.0.0.1:") for one in each)
    }
    assert open_to_all == {"caddy"}


def test_every_file_that_a_container_reads_is_written(tmp_path: Path) -> None:
    contents = made(tmp_path)
    mounted = [one for each in services(tmp_path)["services"].values() for one in each.get("volumes", [])]
    sources = {one.split(":")[0].removeprefix("./") for one in mounted if one.startswith("./")}
    assert {"Caddyfile", "prometheus.yml", "alerts.yml", "grafana/agentrun.json"} <= sources
    assert sources <= set(contents)


def test_every_secret_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    files = made(tmp_path)
    assert b"sk-very" not in b"".join(files.values())
    asked = set(re.findall(r"\$\{([A-Z_]+):\?\}", files["compose.yaml"].decode()))
    named = set(re.findall(r"^([A-Z_]+)=$", files["secrets.env.example"].decode(), re.MULTILINE))
    assert asked <= named
    assert {"OPENAI_API_KEY", "POSTGRES_PASSWORD", "AGENTRUN_API_KEY"} <= named


def test_a_password_of_the_store_may_have_any_marks(tmp_path: Path) -> None:
    """It is no part of an address, where an @ or a slash would mean something."""
    environ = services(tmp_path)["services"]["agentrun-1"]["environment"]
    assert "POSTGRES_PASSWORD" not in environ["AGENTRUN_RECORDS"]
    assert environ["PGPASSWORD"] == "${POSTGRES_PASSWORD:?}"


def test_the_proxy_passes_on_the_agents_alone(tmp_path: Path) -> None:
    text = made(tmp_path)["Caddyfile"].decode()
    assert re.findall(r"handle (/\S+) {", text) == ["/desk/*"]
    assert "respond 404" in text


def test_the_proxy_passes_on_what_a_pages_client_asks_for(tmp_path: Path) -> None:
    pages = plan_of(tmp_path, transport="[twilio, local]")
    text = compose.files(deployment(tmp_path, pages, public_url=URL))["Caddyfile"].decode()
    assert re.findall(r"handle (/\S+) {", text) == ["/desk/*", "/start", "/sessions/*", "/api/offer"]
