"""A server's options: a flag wins over a variable, a variable over ``agentrun.toml``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from agentrun.cli.commands.serve import command

Ask = Callable[..., dict[str, Any]]
TOML = (
    'port = 9000\nmax-calls = 40\ndrain = "30s"\nallow-origin = ["https://a.example", "https://b.example"]\n'
)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The options of ``agentrun serve x.yaml`` with these arguments, in a folder with ``agentrun.toml``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agentrun.toml").write_text(TOML)

    def parse(*arguments: str) -> dict[str, Any]:
        return command.make_context("serve", ["x.yaml", *arguments]).params

    return parse


def test_the_file_of_the_current_folder_is_read(ask: Ask) -> None:
    found = ask()
    assert (found["port"], found["max_calls"], found["drain"]) == (9000, 40, 30.0)
    assert found["origins"] == ("https://a.example", "https://b.example")
    assert found["host"] == "127.0.0.1"


def test_a_variable_wins_over_the_file_and_a_flag_over_both(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTRUN_PORT", "9001")
    monkeypatch.setenv("AGENTRUN_MAX_CALLS_PER_MINUTE", "60")
    monkeypatch.setenv("AGENTRUN_ALLOW_ORIGIN", "https://c.example")
    monkeypatch.setenv("AGENTRUN_EVAL", "1")
    found = ask()
    assert (found["port"], found["max_calls_per_minute"], found["evals"]) == (9001, 60, True)
    assert found["origins"] == ("https://c.example",)
    assert ask("--port", "9002")["port"] == 9002


def test_another_file_can_be_named(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("port = 9100\n")
    found = ask("--config", "other.toml")
    assert (found["port"], found["max_calls"]) == (9100, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1\n", "'prot' is not an option; did you mean 'port'?"),
        ('specs = "x"\n', "'specs' is not an option"),
        ("port = \n", "agentrun.toml is not TOML"),
        ("port = 70000\n", "70000 is not in the range"),
        ("drain = 5\n", "has no unit"),
        ('max-calls = "many"\n', "'many' is not a number from 1 on, auto or none"),
    ],
)
def test_a_mistake_in_the_file_is_wrong_usage(ask: Ask, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "agentrun.toml").write_text(text)
    with pytest.raises(click.UsageError, match=said.replace("?", r"\?")):
        ask()
