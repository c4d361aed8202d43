"""A wrong option is told before the work, in words, and is no bug in agentrun."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agentrun.cli.commands import calls_replay, flow, test, tools
from agentrun.cli.input.stdin_lines import InputLines
from agentrun.cli.options import record_filter
from agentrun.cli.options.output_file import OutputFile

OPTIONS: dict[str, tuple[click.Command, Sequence[str]]] = {
    "test --junit": (test.command, ["--junit"]),
    "flow --svg": (flow.command, ["desk.yaml", "--svg"]),
    "calls replay --write": (calls_replay.command, ["c1", "--write"]),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_file_that_cannot_be_written_is_told_before_the_work(case: str, tmp_path: Path) -> None:
    command, arguments = OPTIONS[case]
    for wrong, words in ((tmp_path / "missing" / "out.xml", "there is no folder"), (tmp_path, "directory")):
        result = CliRunner().invoke(command, [*arguments, str(wrong)])
        assert (result.exit_code, words in result.output) == (2, True), result.output
    assert OutputFile().convert(str(tmp_path / "out.xml"), None, None) == tmp_path / "out.xml"


def test_a_folder_where_nothing_can_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(click.BadParameter, match="nothing can be written"):
        OutputFile().convert(str(tmp_path / "out.xml"), None, None)


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a{2,1}", "a" + "{99999999999999999999}"])
def test_a_pattern_that_is_none_is_a_wrong_value(pattern: str) -> None:
    result = CliRunner().invoke(test.command, ["-k", pattern])
    assert (result.exit_code, "not a regular expression" in result.output) == (2, True), result.output
    assert re.escape(pattern)[:1] in result.output


def test_what_is_nested_too_deeply_is_a_wrong_value() -> None:
    result = CliRunner().invoke(tools.command, ["call", "desk.yaml", "order", "[" * 200_000])
    assert (result.exit_code, "too deeply" in result.output) == (2, True), result.output
    deep = "[" * 200_000
    assert record_filter._read(deep) == deep


@pytest.mark.parametrize("case", ["none", "closed", "gone"])
async def test_input_that_is_not_there_is_at_its_end(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        def fileno(self) -> int:
            raise ValueError("I/O operation on closed file") if case == "closed" else OSError(5, "gone")

    monkeypatch.setattr("sys.stdin", None if case == "none" else Input())
    async with asyncio.timeout(30):
        assert await InputLines().next() is None
