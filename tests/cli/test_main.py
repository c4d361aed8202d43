"""The command line: where errors become exit codes."""

from __future__ import annotations

import gc
import re
import tempfile
from pathlib import Path

import click
import pytest

from agentrun.cli import main
from agentrun.errors import SetupError


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The exit code of a command that ends with ``error``."""

    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
    with pytest.raises(SystemExit) as done:
        main.run(["check"])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.mark.parametrize("name", [None, "/data/calls.csv"])
def test_a_full_disk_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str | None
) -> None:
    assert run(monkeypatch, OSError(28, "No space left on device", name)) == 1
    place = name or "the output can't be written"
    shown = capsys.readouterr().err
    assert shown == f"agentrun: {place}: No space left on device; make room, or write elsewhere\n"


def test_a_misspelt_command_of_a_group_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for word, hint in (("desk", "There are: agent, plugin, project"), ("plugn", "Did you mean 'plugin'?")):
        with pytest.raises(SystemExit) as done:
            main.run(["new", word])
        assert done.value.code == 2
        assert f"No such command '{word}'. {hint}" in capsys.readouterr().err


def test_an_unexpected_exception_is_one_line_and_a_file_that_holds_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert run(monkeypatch, RuntimeError("the roof is on fire")) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    found = re.fullmatch(r"agentrun: this is a bug in agentrun; the traceback is in (.+)\n", shown.err)
    assert found
    saved = Path(found[1])
    assert saved.parent == tmp_path
    text = saved.read_text()
    assert "Traceback (most recent call last)" in text
    assert "RuntimeError: the roof is on fire" in text
    assert text.startswith("agentrun ")


def test_a_mistake_of_the_user_is_said_in_short_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, SetupError("no key", "export it")) == 1
    assert capsys.readouterr().err.startswith("agentrun: no key")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_ctrl_c_exits_with_130(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    assert run(monkeypatch, error) == 130


def test_wrong_usage_exits_with_2_and_names_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, click.UsageError("no such option: --colour")) == 2
    assert "--colour" in capsys.readouterr().err


def test_an_unknown_command_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main.run(["fly"])
    assert done.value.code == 2
    assert "fly" in capsys.readouterr().err


def test_every_command_can_be_loaded_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in main.COMMANDS:
        with pytest.raises(SystemExit) as done:
            main.run([name, "--help"])
        assert done.value.code == 0, name
        assert f"{name} [OPTIONS]" in capsys.readouterr().out


def test_a_command_is_imported_without_collections_which_go_on_afterwards() -> None:
    assert gc.isenabled()
    assert main.main.get_command(click.Context(main.main), "check") is not None
    assert gc.isenabled()


def test_what_ends_at_once_is_one_of_the_commands() -> None:
    assert set(main.COMMANDS) > main.SHORT
    assert not main.SHORT & {"serve", "call", "test", "bench", "chat", "simulate", "calls"}
