"""Versions beside each other on a server of systemd: installed, exchanged, taken back, and cleared away."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.server_root import ServerRoot

SHELLCHECK = shutil.which("shellcheck")


@pytest.fixture
def server(tmp_path: Path) -> ServerRoot:
    """Nothing is installed there."""
    return ServerRoot(tmp_path)


def unit_of(release: str) -> str:
    """The service that runs a release."""
    return f"desk@{release.removeprefix('releases/')}.service"


@pytest.mark.needs(SHELLCHECK is not None, "shellcheck")
def test_the_script_is_one_that_shellcheck_passes(server: ServerRoot) -> None:
    server.write()
    script = str(server.folder / "release.sh")
    command = [str(SHELLCHECK), "--shell=sh", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""


def test_a_version_has_all_that_a_call_reads_in_a_folder_of_its_own(server: ServerRoot) -> None:
    first = server.install("one")
    assert server.running == [unit_of(first)]
    unit = (server.root / "etc/systemd/system" / unit_of(first)).read_text()
    assert "\nWorkingDirectory=/opt/desk/releases/%i/project\n" in unit
    assert "\nExecStart=/opt/desk/releases/%i/venv/bin/agentrun serve " in unit
    there = {one.name for one in (server.home / first).iterdir()}
    assert there == {".complete", "project", "release.sh", "units", "venv"}
    assert {one.name for one in (server.home / first / "project").iterdir()} >= {"agents", "plugins"}
    unstored = server.home / first / "project" / "agentrun-calls.sqlite3-unstored"
    assert str(unstored.readlink()) == "/var/lib/desk"


def test_what_is_installed_is_locked(server: ServerRoot) -> None:
    server.install("one")
    *installed, own = (server.root / "pip").read_text().splitlines()
    assert all("--require-hashes" in line and "--no-deps" in line for line in installed)
    assert [line.split()[-1] for line in installed] == ["builders.lock", "requirements.lock"]
    assert own.split()[-2] == "--no-deps"
    assert own.split()[-1].startswith("agentrun-voice==")


def test_what_plugins_import_is_installed_after_what_is_locked(server: ServerRoot) -> None:
    (server.scratch / "project" / "plugins").mkdir()
    (server.scratch / "project" / "plugins" / "requirements.txt").write_text("python-dateutil==2.9.0\n")
    server.install("one")
    lines = [line.split()[-1] for line in (server.root / "pip").read_text().splitlines()]
    assert lines[:4] == ["builders.lock", "requirements.lock", "freeze", "plugins/requirements.txt"]


def test_a_plugin_that_wants_another_version_of_what_is_locked_is_not_installed(server: ServerRoot) -> None:
    first = server.install("one")
    (server.scratch / "project" / "plugins").mkdir(exist_ok=True)
    (server.scratch / "project" / "plugins" / "requirements.txt").write_text("httpx<0.28\n")
    python = server.programs / "python3"
    refusal = '*" --constraint "*) exit 1 ;;\n'
    python.write_text(python.read_text().replace('"-m pip "*)', refusal + '"-m pip "*)'))
    server.write("two")
    assert "pip says above" in server.run("install", code=1)
    assert server.link("current") == first
    assert server.running == [unit_of(first)]


def test_calls_keep_their_version_while_the_next_one_is_installed(server: ServerRoot) -> None:
    first = server.install("one")
    second = server.install("two")
    assert first != second
    assert (server.link("current"), server.link("previous")) == (second, first)
    assert "one" in server.spec(first)
    assert "two" in server.spec(second)
    assert (server.home / first / "venv" / "bin" / "agentrun").exists()


def test_a_version_starts_beside_the_one_that_runs_and_takes_over_once_it_takes_calls(
    server: ServerRoot,
) -> None:
    first = server.install("one")
    assert server.log  # the first
    second = server.install("two")
    old, new = unit_of(first), unit_of(second)
    assert [line for line in server.log if not line.startswith("caddy")] == [
        "systemctl daemon-reload", "systemctl enable --now desk.socket", "systemctl reload caddy",
        f"systemctl start {new}", first,
        f"systemctl enable {new}", f"systemctl kill --kill-who=main --signal=SIGUSR1 {old}",
        f"systemctl stop --no-block {old}", f"systemctl disable {old}",
    ]  # fmt: skip
    assert server.running == [new]
    started = server.root / "etc/systemd/system/desk.socket.d/version.conf"
    assert started.read_text() == f"[Socket]\nService={new}\n"


def test_a_version_that_has_calls_keeps_its_unit_its_folder_and_its_name(server: ServerRoot) -> None:
    (server.root / "calls").touch()
    first, second = server.install("one"), server.install("two")
    third = server.install("three")
    assert server.running == [unit_of(one) for one in (first, second, third)]
    units = {one.name for one in (server.root / "etc/systemd/system").glob("desk@*.service")}
    assert units == {*server.running}
    server.run("roll-back")
    again = unit_of(f"{second}.2")
    assert server.running[-1] == again, "the one before has calls still, and listens no more"
    assert (server.link("current"), server.link("previous")) == (second, third)
    assert (server.home / f"{second}.2").resolve() == (server.home / second).resolve()
    (server.root / "calls").unlink()
    (server.root / "running").write_text(f"{again}\n")  # the calls of the others are over
    server.install("four")
    units = {one.name for one in (server.root / "etc/systemd/system").glob("desk@*.service")}
    assert units == {*server.running} == {unit_of(server.link("current"))}
    assert server.releases == {server.link("current"), second}


def test_the_same_version_starts_anew_with_other_settings_and_no_caller_hears_of_it(
    server: ServerRoot,
) -> None:
    (server.root / "calls").touch()
    first, second = server.install("one"), server.install("two")
    server.run("restart", at=(server.home / "current").resolve())
    assert server.running[-1] == unit_of(f"{second}.2")
    assert (server.link("current"), server.link("previous")) == (second, first)
    server.run("restart")
    assert server.running[-1] == unit_of(f"{second}.3")


def test_there_is_nothing_to_start_anew_at_first(server: ServerRoot) -> None:
    server.write()
    server.home.mkdir(parents=True)
    assert "there is no version yet" in server.run("restart", code=1)


def test_one_command_goes_back_and_once_more_forward(server: ServerRoot) -> None:
    first, second = server.install("one"), server.install("two")
    kept = server.home / "current"
    server.run("roll-back", at=kept.resolve())
    assert (server.link("current"), server.link("previous")) == (first, second)
    server.run("roll-back", at=server.folder)
    assert (server.link("current"), server.link("previous")) == (second, first)


def test_the_unit_of_a_version_comes_back_with_it(server: ServerRoot) -> None:
    server.install("one")
    server.write("two")
    unit = server.folder / "desk@.service"
    unit.write_text(unit.read_text().replace("RestartSec=2", "RestartSec=9"))
    units = server.root / "etc" / "systemd" / "system"
    (server.root / "calls").touch()
    server.run("install")
    old, new = server.running
    assert "RestartSec=9" in (units / new).read_text()
    assert "RestartSec=2" in (units / old).read_text(), "calls that are up have the time that they had"
    server.run("roll-back")
    assert "RestartSec=2" in (units / server.running[-1]).read_text()


def test_there_is_nothing_to_go_back_to_at_first(server: ServerRoot) -> None:
    server.install("one")
    assert "there is no version before" in server.run("roll-back", code=1)


def test_a_mistake_in_a_spec_exchanges_nothing(server: ServerRoot) -> None:
    first = server.install("one")
    assert server.log
    assert server.install("BROKEN", code=1) == first
    assert server.log == ["caddy validate"]
    second = server.install("two")
    assert server.releases == {first, second}, "what was not whole is gone"


def test_what_broke_off_is_built_anew(server: ServerRoot) -> None:
    first = server.install("one")
    (server.home / first / ".complete").unlink()
    shutil.rmtree(server.home / first / "project")
    server.run("install")
    assert "one" in server.spec(first)


def test_secrets_alone_need_no_new_version(server: ServerRoot) -> None:
    first = server.install("one")
    (server.folder / "secrets.env").write_text("OPENAI_API_KEY=y\n")
    server.run("install")
    assert (server.link("current"), server.link("previous")) == (first, "")
    assert server.releases == {first, f"{first}.2"}
    assert server.running == [unit_of(f"{first}.2")]
    secrets = server.root / "etc" / "desk" / "secrets.env"
    assert secrets.read_text() == "OPENAI_API_KEY=y\n"
    assert secrets.stat().st_mode & 0o777 == 0o600


def test_older_versions_go_but_not_from_under_a_process(server: ServerRoot) -> None:
    first = server.install("one")
    with subprocess.Popen(["sleep", "60"], cwd=server.home / first / "project") as call:
        second, third = server.install("two"), server.install("three")
        assert server.releases == {first, second, third}
        call.kill()
    fourth = server.install("four")
    assert server.releases == {third, fourth}


@pytest.mark.parametrize("first", [True, False])
def test_a_version_that_takes_no_calls_changes_nothing(server: ServerRoot, first: bool) -> None:
    current = "" if first else server.install("one")
    before = server.etc()
    server.write("SILENT")
    (server.folder / "secrets.env").write_text("OPENAI_API_KEY=bad\n")
    said = server.run("install", code=1)
    assert "takes no calls: see journalctl --namespace desk --unit desk@" in said
    assert "nothing is exchanged" in said
    assert (server.etc(), server.link("current"), server.link("previous")) == (before, current, "")
    assert server.running == ([] if first else [unit_of(current)])
    secrets = server.root / "etc/desk/secrets.env"
    assert not secrets.exists() if first else secrets.read_text() == "OPENAI_API_KEY=x\n"
    second = server.install("two")
    assert (server.link("current"), server.link("previous")) == (second, current)
    assert server.releases == {second} if first else {current, second}


def test_a_version_that_was_edited_by_hand_is_none_of_the_folder(server: ServerRoot) -> None:
    first = server.install("one")
    edited = server.home / first / "project" / "agents" / "desk.yaml"
    edited.write_text(edited.read_text().replace("one", "edited"))
    server.run("install")
    assert "description: one\n" in server.spec("current")
    assert server.link("previous") == first
    assert "description: edited\n" in server.spec(first)
    again = server.link("current")
    server.run("install")
    assert server.link("current") == again


def test_a_way_back_that_broke_off_is_done_again_and_does_not_lead_to_itself(server: ServerRoot) -> None:
    first = server.install("one")
    (server.home / "previous").symlink_to(first)
    server.run("roll-back")
    assert (server.link("current"), server.link("previous")) == (first, "")
    assert "there is no version before" in server.run("roll-back", code=1)


def test_the_way_back_is_for_root(server: ServerRoot) -> None:
    (server.programs / "id").write_text("#!/bin/sh\necho 1000\n")
    (server.programs / "id").chmod(0o755)
    server.write()
    assert "to be run as root" in server.run("roll-back", environ={"DESTDIR": ""}, code=1)


def test_two_installations_do_not_mix(server: ServerRoot) -> None:
    server.install("one")
    server.write("two")
    with (server.home / ".agentrun").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another installation is going on" in server.run("install", code=1)
    server.run("install")


def test_what_ran_alone_is_to_be_stopped_first(server: ServerRoot) -> None:
    units = server.root / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "desk.service").write_text("ExecStart=/opt/desk/current/venv/bin/agentrun serve")
    server.write()
    assert "systemctl disable --now desk.service" in server.run("install", code=1)
    (units / "desk.service").unlink()
    server.run("install")


OWN = "ExecStart=/opt/desk/releases/%i/venv/bin/agentrun serve"
UNITS = {"none": ("", ""), "own": ("desk@.service", OWN)} | {
    name: (name, "ExecStart=/bin/sshd") for name in ("desk.service", "desk@.service", "desk.socket")
}


@pytest.mark.parametrize(
    ("holds", "unit", "code"),
    [
        (None, "none", 0), ("venv/bin/agentrun", "own", 0), ("", "none", 0), (".agentrun", "none", 0),
        ("data", "none", 1), ("releases/data", "none", 1), (None, "desk.service", 1),
        (None, "desk@.service", 1), (None, "desk.socket", 1), (".agentrun", "desk.service", 1),
    ],
)  # fmt: skip
def test_the_name_of_another_program_is_refused_before_its_folder_is_touched(
    server: ServerRoot, holds: str | None, unit: str, code: int
) -> None:
    units = server.root / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    name, text = UNITS[unit]
    if name:
        (units / name).write_text(text)
    if holds is not None:
        path = server.home / holds
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True) if holds == "" else path.touch()
    server.write()
    said = server.run("install", code=code)
    assert ("--name" in said) == bool(code), said
    if code and holds:
        assert (server.home / holds).exists()
    assert code or server.running


def test_nothing_is_installed_where_caddy_does_not_take_the_site(server: ServerRoot) -> None:
    """An older one refuses it, and a file of sites that it can't read keeps all of them from starting."""
    (server.root / "old-caddy").touch()
    server.write()
    server.run("install", code=1)
    assert not server.home.exists()
    server.run("install", "--without-caddy")
    assert server.link("current")
    assert (server.root / "etc/caddy/Caddyfile").read_text() == "import other.caddyfile\n"


@pytest.mark.parametrize("trouble", ["broken-site", "no-socket", "no-reload"])
@pytest.mark.parametrize("first", [True, False])
def test_what_fails_before_the_exchange_leaves_all_as_it_was(
    server: ServerRoot, trouble: str, first: bool
) -> None:
    """Another site's mistake, a socket that another program has, and a Caddy that does not run."""
    current = "" if first else server.install("one")
    server.write("two")
    if trouble == "no-socket":  # and the service does not run either
        (server.root / "open").unlink(missing_ok=True)
        (server.root / "running").unlink(missing_ok=True)
    for name in ("desk@.service", "desk.socket", "Caddyfile"):
        path = server.folder / name
        path.write_text(path.read_text() + "# changed\n")
    before = server.etc()
    assert server.log or first
    (server.root / trouble).touch()
    assert "nothing is exchanged" in server.run("install", code=1)
    assert server.etc() == before
    assert (server.link("current"), server.link("previous")) == (current, "")
    assert [line for line in server.log if line.startswith("systemctl start")] == []
    (server.root / trouble).unlink()
    server.run("install")
    assert server.link("previous") == current
    units = server.etc()
    assert all(
        "# changed" in units[f"systemd/system/{one}"]
        for one in ("desk.socket", unit_of(server.link("current")))
    )


@pytest.mark.parametrize("command", ["install", "roll-back", "restart"])
@pytest.mark.parametrize("trouble", ["closed", "elsewhere"])
def test_what_runs_without_its_socket_or_listens_elsewhere_is_to_be_stopped_first(
    server: ServerRoot, command: str, trouble: str
) -> None:
    server.install("one")
    second = server.install("two")
    server.write("three")
    assert server.log
    if trouble == "closed":
        (server.root / "open").unlink()
    else:
        socket = server.root / "etc/systemd/system/desk.socket"
        socket.write_text(socket.read_text().replace("7860", "7861"))
    assert "stop it first, with all calls: systemctl stop desk.socket" in server.run(command, code=1)
    assert (server.link("current"), set(server.log) - {"caddy validate"}) == (second, set())


def test_the_way_back_does_not_ask_caddy_where_the_site_is_the_same(server: ServerRoot) -> None:
    first, second = server.install("one"), server.install("two")
    (server.root / "broken-site").touch()
    assert server.log
    server.run("roll-back")
    assert server.link("current") == first
    assert [line for line in server.log if "caddy" in line] == []
    site = server.root / "etc/caddy/desk.caddyfile"
    site.write_text(site.read_text() + "# mine\n")
    assert "--without-caddy" in server.run("roll-back", code=1)
    server.run("roll-back", "--without-caddy")
    assert server.link("current") == second
    assert "# mine" in site.read_text()


def test_sites_whose_last_line_has_no_end_stay_whole(server: ServerRoot) -> None:
    sites = server.root / "etc/caddy/Caddyfile"
    sites.write_text("other.example.com {\n}")
    server.install("one")
    assert sites.read_text() == "other.example.com {\n}\nimport desk.caddyfile\n"


def test_other_sites_stay_and_the_own_one_is_there_once(server: ServerRoot) -> None:
    server.install("one")
    server.install("two")
    sites = (server.root / "etc/caddy/Caddyfile").read_text()
    assert sites == "import other.caddyfile\nimport desk.caddyfile\n"


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("secrets", "there is no secrets.env here"),
        ("python", "Python 3.10.2 runs no agentrun"),
        ("home", "a service can't run"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_done(server: ServerRoot, broken: str, words: str) -> None:
    server.write()
    environ: dict[str, str] = {}
    if broken == "secrets":
        (server.folder / "secrets.env").unlink()
    elif broken == "home":
        (server.root / "home-of-root").touch()
    else:
        python = server.programs / "python3"
        python.write_text(python.read_text().replace("case", '[ "$1" != -c ] || exit 1\ncase', 1))
        environ = {"PYTHON_VERSION": "3.10.2"}
    assert words in server.run("install", environ=environ, code=1)
    assert not server.home.exists()


def test_the_versions_are_listed(server: ServerRoot) -> None:
    first, second = server.install("one"), server.install("two")
    lines = server.run("list").splitlines()
    assert sorted(line.split(" ", 2)[2] for line in lines) == sorted(
        [f"{first} previous", f"{second} current"]
    )


def test_files_that_only_their_owner_may_read_can_be_read_by_the_service(server: ServerRoot) -> None:
    server.write("one")
    (server.folder / "agents" / "desk.yaml").chmod(0o600)
    server.run("install")
    spec = server.home / server.link("current") / "project" / "agents" / "desk.yaml"
    assert spec.stat().st_mode & 0o777 == 0o644
