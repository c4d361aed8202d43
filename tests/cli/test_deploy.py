"""``agentrun deploy``: what it prints, what it runs, and when it doesn't."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentrun.cli import deploying
from agentrun.cli.commands import deploy, eject
from agentrun.cli.options.target import TARGET_NAMES
from agentrun.errors import SetupError, SpecError
from tests.deploy.places import plan_of

PLACE = ("--public-url", "https://voice.example.com", "--image", "registry.example.com/desk:1")
WHEEL = "agentrun_voice-0.1.0"
PROGRAMS = ("docker", "kubectl", "helm")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An agent that any place takes, of a copy that brings itself along."""
    monkeypatch.setattr(deploying, "own_wheel", lambda: (f"{WHEEL}-py3-none-any.whl", b""))
    plan_of(tmp_path)
    return str(tmp_path / "agents" / "desk.yaml")


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which programs note where they were run, and with what; ``kubectl`` fails with 7."""
    notes, folder = tmp_path / "ran", tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        code = 7 if name == "kubectl" else 0
        program.write_text(f'#!/bin/sh\necho "$PWD {name} $*" >> {shlex.quote(str(notes))}\nexit {code}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return notes


def written(folder: Path, spec: str, target: str) -> Path:
    """The folder for ``target``."""
    out = folder / "out here"
    arguments = [spec, "--to", str(out), "--target", target, *PLACE]
    assert CliRunner().invoke(eject.command, arguments, catch_exceptions=False).exit_code == 0
    return out


def run(spec: str, out: Path, target: str, *more: str) -> Result:
    arguments = [spec, "--from", str(out), "--target", target, *PLACE, *more]
    return CliRunner().invoke(deploy.command, arguments, catch_exceptions=False, standalone_mode=False)


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_what_is_printed_is_what_eject_said_comes_next(tmp_path: Path, spec: str, target: str) -> None:
    out = tmp_path / "out here"
    arguments = [spec, "--to", str(out), "--target", target, *PLACE]
    told = CliRunner().invoke(eject.command, arguments, catch_exceptions=False).stdout
    printed = run(spec, out, target).stdout
    assert printed.splitlines()[0] == f"cd {shlex.quote(str(out))}"
    assert [line.strip() for line in told.partition("Next:\n")[2].splitlines()] == printed.splitlines()


def test_printing_runs_nothing(tmp_path: Path, spec: str, ran: Path) -> None:
    assert run(spec, written(tmp_path, spec, "compose"), "compose").return_value == 0
    assert not ran.exists()


def test_running_runs_each_command_in_the_folder(tmp_path: Path, spec: str, ran: Path) -> None:
    out = written(tmp_path, spec, "compose")
    printed = run(spec, out, "compose").output.splitlines()[1:]
    done = run(spec, out, "compose", "--run")
    assert done.return_value == 0
    assert done.output.splitlines() == printed
    assert ran.read_text().splitlines() == [f"{out.resolve()} {line}" for line in printed]


def test_the_first_that_fails_is_the_last_and_its_code_is_the_commands(
    tmp_path: Path, spec: str, ran: Path
) -> None:
    done = run(spec, written(tmp_path, spec, "helm"), "helm", "--run")
    assert done.return_value == 7
    assert [line.split()[-1] for line in done.output.splitlines()][:2] == [".", "registry.example.com/desk:1"]
    assert [line.split(" here ")[1].split()[0] for line in ran.read_text().splitlines()] == [
        "docker", "docker", "kubectl",
    ]  # fmt: skip


def test_a_program_that_is_missing_is_told_before_anything_is_run(
    tmp_path: Path, spec: str, ran: Path
) -> None:
    (ran.parent / "bin" / "helm").unlink()
    with pytest.raises(SetupError, match="helm is not installed"):
        run(spec, written(tmp_path, spec, "helm"), "helm", "--run")
    assert not ran.exists()


def test_a_spec_that_is_wrong_by_now_is_not_deployed(tmp_path: Path, spec: str, ran: Path) -> None:
    out = written(tmp_path, spec, "compose")
    Path(spec).write_text(Path(spec).read_text() + "limits: {max_duration: never}\n")
    with pytest.raises(SpecError, match="max_duration"):
        run(spec, out, "compose", "--run")
    assert not ran.exists()


@pytest.mark.parametrize("changed", ["agents/desk.yaml", "plugins/hours.py"])
def test_a_folder_of_an_older_state_is_not_deployed(
    tmp_path: Path, spec: str, ran: Path, changed: str
) -> None:
    out = written(tmp_path, spec, "compose")
    path = tmp_path / changed
    path.write_text(path.read_text() + "\n# new\n")
    with pytest.raises(SetupError, match=f"'{changed}' has changed since"):
        run(spec, out, "compose", "--run")
    assert not ran.exists()
    written(tmp_path, spec, "compose")
    assert run(spec, out, "compose", "--run").return_value == 0


@pytest.mark.parametrize("edited", ["compose.yaml", "agents/desk.yaml"])
def test_what_was_edited_in_the_folder_is_deployed_as_it_is(
    tmp_path: Path, spec: str, ran: Path, edited: str
) -> None:
    out = written(tmp_path, spec, "compose")
    (out / edited).write_text((out / edited).read_text() + "\n# mine\n")
    assert run(spec, out, "compose", "--run").return_value == 0
    assert "# mine" in (out / edited).read_text()


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_was_written_for_another_place_or_not_at_all_is_refused(
    tmp_path: Path, spec: str, empty: bool
) -> None:
    out = tmp_path if empty else written(tmp_path, spec, "compose")
    with pytest.raises(SetupError, match="was not written for this"):
        run(spec, out, "helm")


def test_a_folder_that_is_not_there_is_a_mistake_of_use(tmp_path: Path, spec: str) -> None:
    arguments = [spec, "--from", str(tmp_path / "nowhere"), "--target", "compose", *PLACE]
    assert CliRunner().invoke(deploy.command, arguments).exit_code == 2
