"""Variables of agentrun's own: a wrong value names its variable, and a misspelt name is told."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest

from agentrun.cli import main
from agentrun.cli.options import environment

PACKAGE = Path(main.__file__).parents[1]


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What stands on standard error after a command that was used wrongly."""
    with pytest.raises(SystemExit) as done:
        main.run(arguments)
    assert done.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AGENTRUN_PORT", "abc", "AGENTRUN_PORT (--port): 'abc' is not a whole number from 0 to 65535."),
        ("AGENTRUN_PORT", "99999", "AGENTRUN_PORT (--port): 99999 is not in the range"),
        (
            "AGENTRUN_MAX_CALLS",
            "many",
            "AGENTRUN_MAX_CALLS (--max-calls): 'many' is not a number from 1 on, auto or none",
        ),
        (
            "AGENTRUN_KEEP_RECORDS",
            "x",
            "AGENTRUN_KEEP_RECORDS (--keep-records): 'x' is not a number of days above 0: write 30d",
        ),
        (
            "AGENTRUN_KEEP_RECORDS",
            "0d",
            "AGENTRUN_KEEP_RECORDS (--keep-records): '0d' is not a number of days",
        ),
        ("AGENTRUN_DRAIN", "soon", "AGENTRUN_DRAIN (--drain): 'soon' is not a duration"),
        ("AGENTRUN_LOG_LEVEL", "loud", "AGENTRUN_LOG_LEVEL (--log-level): 'loud' is not one of"),
        ("AGENTRUN_EVAL", "perhaps", "AGENTRUN_EVAL (--eval): 'perhaps' is not a valid boolean"),
    ],
)
def test_a_wrong_value_names_the_variable_that_holds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert f"Invalid value for {said}" in fail(capsys, "serve", "x.yaml")


def test_a_wrong_value_of_a_file_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "agentrun.toml").write_text('port = "abc"\n')
    monkeypatch.chdir(tmp_path)
    assert "Invalid value for 'port' in agentrun.toml (--port): 'abc'" in fail(capsys, "serve", "x.yaml")


def test_a_wrong_flag_is_still_called_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Invalid value for '--port': 'abc' is not a whole number" in fail(
        capsys, "serve", "x.yaml", "--port", "abc"
    )


def test_a_misspelt_variable_is_told_by_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTRUN_PROT", "80")
    with pytest.raises(SystemExit):
        main.run(["check", "--help"])
    assert capsys.readouterr().err == (
        "agentrun: AGENTRUN_PROT is not a variable of agentrun and has no effect: "
        "did you mean 'AGENTRUN_PORT'?\n"
    )


def test_a_worker_repeats_none_of_what_its_supervisor_has_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTRUN_PROT", "80")
    monkeypatch.setenv("AGENTRUN_WORKER", "1")
    with pytest.raises(SystemExit):
        main.run(["check", "--help"])
    assert capsys.readouterr().err == ""


def test_every_variable_that_is_read_is_known() -> None:
    options: set[str] = set()
    for name in main.COMMANDS:
        command = importlib.import_module(f"agentrun.cli.commands.{name}").command
        options |= {variable for one in _commands(command) for variable in _variables(one)}
    written = (
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "environment.py"
    )
    named = {found for text in written for found in re.findall(r'"(AGENTRUN_[A-Z_]+)"', text)}
    hidden = {"AGENTRUN_WORKER", "AGENTRUN_WORKER_FD", "AGENTRUN_SUPERVISOR_FD", "AGENTRUN_LEDGER"}
    assert options - hidden == set(environment.OPTIONS)
    assert named <= {*environment.OWN, *environment.OPTIONS}


def _commands(command: click.Command) -> list[click.Command]:
    return [command, *(command.commands.values() if isinstance(command, click.Group) else ())]


def _variables(command: click.Command) -> set[str]:
    prefix = command.context_settings.get("auto_envvar_prefix")
    found: set[str] = set()
    for one in command.params:
        if isinstance(one.envvar, str):
            found.add(one.envvar)
        elif prefix and isinstance(one, click.Option) and one.allow_from_autoenv:
            found.add(f"{prefix}_{(one.name or '').upper()}")
    return found


@pytest.mark.parametrize(
    ("typed", "meant"), [(["serv"], "serve"), (["chekc"], "check"), (["calls", "shwo"], "show")]
)
def test_a_misspelt_command_suggests_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], typed: list[str], meant: str
) -> None:
    assert f"Did you mean '{meant}'?" in fail(capsys, *typed)


def test_a_command_that_is_like_none_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    said = fail(capsys, "xyzzy")
    assert all(name in said for name in main.COMMANDS)
