"""``agentrun deploy``: what it prints, what it runs, and when it doesn't."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentrun.cli import deploying
from agentrun.cli.commands import deploy, eject
from agentrun.cli.options.target import TARGET_NAMES
from agentrun.errors import SetupError, SpecError
from tests.deploy.places import plan_of

URL, IMAGE = "https://voice.example.com", "registry.example.com/desk:1"
PLACES: dict[str, tuple[str, ...]] = {
    "bot": (),
    "compose": ("--public-url", URL, "--image", IMAGE),
    "helm": ("--public-url", URL, "--image", IMAGE),
    "image": ("--image", IMAGE),
    "kubernetes": ("--public-url", URL, "--image", IMAGE),
    "pipecat-cloud": ("--organization", "three-words", "--calls", "3"),
    "systemd": ("--public-url", URL, "--name", "front"),
}
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
    arguments = [spec, "--to", str(out), "--target", target, *PLACES[target]]
    assert CliRunner().invoke(eject.command, arguments, catch_exceptions=False).exit_code == 0
    example = (out / "secrets.env.example").read_text()
    (out / "secrets.env").write_text(re.sub(r"^([A-Z_]+)=$", r"\1=x", example, flags=re.MULTILINE))
    return out


def run(spec: str, out: Path, target: str, *more: str) -> Result:
    arguments = [spec, "--from", str(out), "--target", target, *PLACES[target], *more]
    return CliRunner().invoke(deploy.command, arguments, catch_exceptions=False, standalone_mode=False)


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_what_is_printed_is_what_eject_said_comes_next(tmp_path: Path, spec: str, target: str) -> None:
    out = tmp_path / "out here"
    arguments = [spec, "--to", str(out), "--target", target, *PLACES[target]]
    told = CliRunner().invoke(eject.command, arguments, catch_exceptions=False).stdout
    printed = run(spec, out, target).stdout
    again = CliRunner().invoke(deploy.command, [spec, "--from", str(out), "--target", target])
    assert again.stdout == printed, "what was said once holds"
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
    lines = [line for line in printed if not line.startswith("#")]
    assert ran.read_text().splitlines() == [f"{out.resolve()} {line}" for line in lines]


def test_the_first_that_fails_is_the_last_and_its_code_is_the_commands(
    tmp_path: Path, spec: str, ran: Path
) -> None:
    done = run(spec, written(tmp_path, spec, "helm"), "helm", "--run")
    assert done.return_value == 7
    assert "agentrun: kubectl failed with code 7, and the commands after it were not run" in done.stderr
    assert re.findall("^not run: (\\w+)", done.stderr, re.MULTILINE) == ["helm"]
    assert [line.split()[-1] for line in done.stdout.splitlines()][:2] == [".", "registry.example.com/desk:1"]
    assert [line.split(" here ")[1].split()[0] for line in ran.read_text().splitlines()] == [
        "docker", "docker", "kubectl",
    ]  # fmt: skip


def test_a_program_that_is_ended_by_a_signal_ends_as_in_a_shell(tmp_path: Path, spec: str, ran: Path) -> None:
    (ran.parent / "bin" / "helm").write_text("#!/bin/sh\nkill -9 $$\n")
    (ran.parent / "bin" / "kubectl").write_text("#!/bin/sh\n")
    done = run(spec, written(tmp_path, spec, "helm"), "helm", "--run")
    assert done.return_value == 137
    assert "agentrun: helm was ended by signal 9; see its output above" in done.stderr


def test_a_program_that_can_not_be_run_is_no_bug(tmp_path: Path, spec: str, ran: Path) -> None:
    (ran.parent / "bin" / "docker").write_text("#!/nowhere\n")
    with pytest.raises(SetupError, match="docker can't be run: "):
        run(spec, written(tmp_path, spec, "helm"), "helm", "--run")


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


@pytest.mark.parametrize(
    ("target", "other"),
    [
        ("compose", ("--image", "registry.example.com/desk:2")),
        ("compose", ("--public-url", "https://other.example.com")),
        ("kubernetes", ("--calls", "20")),
        ("helm", ("--calls", "21")),
        ("systemd", ("--name", "desk")),
        ("pipecat-cloud", ("--organization", "other-words")),
        ("pipecat-cloud", ("--dispatched",)),
    ],
)
def test_what_stands_in_no_file_of_the_folder_is_refused(
    tmp_path: Path, spec: str, target: str, other: tuple[str, ...]
) -> None:
    out = written(tmp_path, spec, target)
    with pytest.raises(SetupError, match=f"{other[0]}.*is not in any of its files"):
        run(spec, out, target, *other)


@pytest.mark.parametrize(("target", "name"), [("compose", "Caddyfile"), ("helm", "chart/values.yaml")])
def test_a_file_that_is_gone_from_the_folder_is_missed(
    tmp_path: Path, spec: str, target: str, name: str
) -> None:
    out = written(tmp_path, spec, target)
    (out / name).unlink()
    with pytest.raises(SetupError, match=f"'{name}' is no longer in"):
        run(spec, out, target)


@pytest.mark.parametrize(
    "secrets", [None, "", "OPENAI_API_KEY=\n", "\xff", "OPENAI_API_KEY=x\n" + "#" * 2_000_000]
)
def test_nothing_is_run_without_its_secrets(
    tmp_path: Path, spec: str, ran: Path, secrets: str | None
) -> None:
    out = written(tmp_path, spec, "compose")
    if secrets is None:
        (out / "secrets.env").unlink()
    else:
        (out / "secrets.env").write_bytes(secrets.encode("latin-1"))
    with pytest.raises(SetupError, match=r"there is no .*secrets\.env|has no value for OPENAI_API_KEY"):
        run(spec, out, "compose", "--run")
    assert not ran.exists()
    printed = run(spec, out, "compose").output
    assert "fill" in printed
    assert "OPENAI_API_KEY, TWILIO_ACCOUNT_SID" in printed


def test_secrets_that_are_filled_in_are_not_asked_for(tmp_path: Path, spec: str) -> None:
    printed = run(spec, written(tmp_path, spec, "compose"), "compose").output
    assert "secrets.env.example" not in printed
    assert "# " not in printed.replace("# at Twilio", "")


def test_a_folder_that_is_not_there_is_a_mistake_of_use(tmp_path: Path, spec: str) -> None:
    arguments = [spec, "--from", str(tmp_path / "nowhere"), "--target", "compose", *PLACES["compose"]]
    assert CliRunner().invoke(deploy.command, arguments).exit_code == 2
