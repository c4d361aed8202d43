"""``agentrun eject`` and ``agentrun build``: what they print, what they keep, and what they refuse."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentrun.cli import deploying
from agentrun.cli.checking import CheckOptions, examine_all
from agentrun.cli.commands import build, eject
from agentrun.deploy import requirements
from agentrun.errors import SetupError, SpecError
from tests.deploy.places import plan_of

URL = "https://voice.example.com"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)
    plan_of(tmp_path)
    return str(tmp_path / "agents" / "desk.yaml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(eject.command, list(arguments), catch_exceptions=False)


@pytest.mark.parametrize("target", ["compose", "helm", "kubernetes", "systemd"])
def test_what_is_written_is_named_and_what_follows_is_printed(tmp_path: Path, spec: str, target: str) -> None:
    out = tmp_path / "out"
    done = run(spec, "--to", str(out), "--target", target, "--public-url", URL)
    assert f"wrote {out / 'agents' / 'desk.yaml'}" in done.output
    assert "Next:" in done.output
    assert (out / "plugins" / "hours.py").read_bytes() == (tmp_path / "plugins" / "hours.py").read_bytes()
    again = run(spec, "--to", str(out), "--target", target, "--public-url", URL)
    assert "wrote" not in again.output


def test_an_edit_is_kept_and_shown(tmp_path: Path, spec: str) -> None:
    out = tmp_path / "out"
    given = (spec, "--to", str(out), "--target", "pipecat-cloud")
    run(*given)
    path = out / "pcc-deploy.toml"
    path.write_text(path.read_text().replace("min_agents = 1", "min_agents = 3"))
    done = run(*given)
    assert f"kept {path}, which was edited" in done.output
    assert "-min_agents = 3" in done.output
    assert "min_agents = 3" in path.read_text()
    assert f"updated {path}" in run(*given, "--overwrite").output
    assert "min_agents = 1" in path.read_text()


def test_what_cannot_be_there_writes_nothing(tmp_path: Path, spec: str) -> None:
    Path(spec).write_text(Path(spec).read_text() + "limits: {calls: 3}\n")
    with pytest.raises(SpecError, match=r"limits\.calls"):
        run(spec, "--to", str(tmp_path / "out"), "--target", "pipecat-cloud")
    assert not (tmp_path / "out").exists()


def test_two_agents_are_one_too_many_for_pipecat_cloud(tmp_path: Path, spec: str) -> None:
    plan_of(tmp_path, "billing")
    with pytest.raises(SetupError, match="takes one agent, and these are 2: billing, desk"):
        run(str(tmp_path / "agents"), "--to", str(tmp_path / "out"), "--target", "pipecat-cloud")


@pytest.mark.parametrize("target", ["pipecat-cloud", "bot"])
def test_a_check_of_both_says_what_eject_says(tmp_path: Path, spec: str, target: str) -> None:
    plan_of(tmp_path, "billing")
    found = examine_all([tmp_path / "agents"], CheckOptions({}, target=target))
    assert [one.message for one in found.all() if one.where == "name"] == [
        f"{target} takes one agent, and these are 2: billing, desk"
    ]
    alone = examine_all([Path(spec)], CheckOptions({}, target=target))
    assert [one for one in alone.all() if one.where == "name"] == []


def test_a_spec_that_is_named_by_two_ways_is_one(tmp_path: Path, spec: str) -> None:
    again = str(tmp_path / "agents" / ".." / "agents" / "desk.yaml")
    done = run(spec, again, str(tmp_path / "agents"), "--to", str(tmp_path / "out"), "--target", "image")
    assert done.exit_code == 0


def test_two_agents_of_one_name_are_refused_at_their_place(tmp_path: Path, spec: str) -> None:
    (tmp_path / "agents" / "again.yaml").write_text("name: desk\n" + Path(spec).read_text())
    given = ("--to", str(tmp_path / "out"), "--target", "compose", "--public-url", URL)
    with pytest.raises(SpecError, match="is also the name of"):
        run(str(tmp_path / "agents"), *given)


@pytest.mark.parametrize(
    ("target", "given", "words"),
    [
        ("kubernetes", (), "has to know where callers' services reach it"),
        ("compose", ("--public-url", "voice.example.com"), "https:// is missing"),
    ],
)
def test_an_address_is_asked_for_where_one_is_needed(
    tmp_path: Path, spec: str, target: str, given: tuple[str, ...], words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        run(spec, "--to", str(tmp_path / "out"), "--target", target, *given)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--image", "desk"),
        ("--image", "desk:1 ; rm -rf /"),
        ("--image", "Desk:1"),
        ("--organization", "three words"),
        ("--organization", "x/y"),
        ("--calls", "0"),
        ("--target", "heroku"),
    ],
)
def test_values_that_would_come_into_files_are_checked(
    tmp_path: Path, spec: str, option: str, value: str
) -> None:
    given = [spec, "--to", str(tmp_path / "out"), "--target", "pipecat-cloud", option, value]
    done = CliRunner().invoke(eject.command, given)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_build_without_an_engine_can_be_printed(
    tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="none of docker, podman, buildah is installed"):
        CliRunner().invoke(build.command, [spec], catch_exceptions=False)
    given = [spec, "--print", "--to", str(tmp_path / "out"), "--tag", "desk:1"]
    done = CliRunner().invoke(build.command, given, catch_exceptions=False)
    assert done.output.splitlines()[-1] == f"docker build --tag desk:1 {tmp_path / 'out'}"
    assert (tmp_path / "out" / "Dockerfile").is_file()


def test_a_build_runs_its_engine_and_ends_with_its_code(
    tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = tmp_path / "bin" / "buildah"
    engine.parent.mkdir()
    engine.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nls "$6" >> {tmp_path}/asked\nexit 7\n')
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
    done = CliRunner().invoke(
        build.command, [spec, "--engine", "buildah", "--tag", "desk:1"], standalone_mode=False
    )
    assert done.return_value == 7
    assert "buildah failed with code 7, and no image was built" in done.output
    assert "--print --to DIR" in done.output
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("build --format docker --tag desk:1 ")
    assert "Dockerfile" in asked


def test_an_engine_that_is_ended_by_a_signal_is_said_and_another_one_is_named(
    tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("podman", "#!/bin/sh\nkill -9 $$\n"), ("docker", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(build.command, [spec, "--engine", "podman"], standalone_mode=False)
    assert done.return_value == 137
    assert "podman was ended by signal 9" in done.output
    assert "hint: build it with --engine docker, or inspect the build context" in done.output


def test_an_engine_that_can_not_be_run_is_no_bug(
    tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "buildah").write_text("#!/nowhere\n")
    (tmp_path / "buildah").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="buildah can't be run: "):
        CliRunner().invoke(build.command, [spec], catch_exceptions=False)


def test_printing_alone_wants_a_folder(spec: str) -> None:
    done = CliRunner().invoke(build.command, [spec, "--print"])
    assert done.exit_code == 2
    assert "--to" in done.output


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_this_copy_comes_along_as_a_wheel_and_the_same_source_gives_the_same_one() -> None:
    first = requirements.own_wheel()
    assert first is not None
    assert first == requirements.own_wheel()
    name, content = first
    assert name == "agentrun_voice-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        names = wheel.namelist()
    for wanted in (
        "agentrun/deploy/image/locked.txt",
        "agentrun/deploy/pipecat_cloud/bot.py.j2",
        "agentrun/deploy/helm/chart/templates/_helpers.tpl",
        "agentrun/deploy/helm/chart/values.schema.json",
    ):
        assert wanted in names
    assert not any("__pycache__" in one for one in names)


@pytest.mark.parametrize("target", ["image", "bot"])
def test_a_file_of_tests_that_a_shell_names_too_is_taken_for_its_spec(
    tmp_path: Path, spec: str, target: str
) -> None:
    """As with ``agents/*.yaml``."""
    tests = Path(spec).with_name("desk.tests.yaml")
    tests.write_text("name: desk\nscenarios: [{name: a, turns: [{user: Hello}]}]\n")
    given = [str(tests), spec, "--to", str(tmp_path / "out"), "--target", target]
    done = CliRunner().invoke(eject.command, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
