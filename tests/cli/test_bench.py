"""``agentrun bench`` as it is used."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentrun.cli.commands.bench import _again
from agentrun.cli.main import main
from agentrun.cli.output import bench_table
from agentrun.simulate.bench.load import Figures
from agentrun.simulate.bench.measure import Load
from agentrun.simulate.bench.result import BenchResult
from tests import programs
from tests.testing.desk import write

ROOT = Path(__file__).parents[2]
TESTS = """
- name: hours
  turns:
    - user: When are you open on Friday?
      llm: {call: get_hours, args: {day: friday}}
"""


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"]}
    return programs.run("bench", "desk.yaml", *arguments, cwd=folder, env=environ, timeout=100)


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
def test_calls_at_once_say_the_words_of_a_test(tmp_path: Path, style: str) -> None:
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    write(tmp_path, TESTS, "budget: {turn_p95: 1m, first_audio: 1ms}\n")
    done = bench(tmp_path, "--calls", "2", "--style", style, "--silence", "700ms", "--turns", "1", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["alone"]["calls"] == 1
    assert told["together"]["failures"] == []
    assert told["together"]["with_tool"]["count"] == 2
    assert told["together"]["greetings"]["count"] == 2
    assert told["together"]["core_share_a_call"] > 0
    assert {each["key"]: each["exceeded"] for each in told["budget"]} == {
        "first_audio": True,
        "turn_p95": False,
    }


@pytest.mark.parametrize(
    ("turns", "said"), [(1, "ab"), (2, "ab"), (3, "aba"), (6, "ababab")], ids=["fewer", "as many", "3", "6"]
)
def test_a_test_s_words_come_again_until_there_are_so_many_turns(turns: int, said: str) -> None:
    assert "".join(_again(("a", "b"), turns)) == said


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    write(tmp_path, TESTS)
    done = bench(tmp_path, "--live")
    assert done.returncode == 1
    assert "OPENAI_API_KEY is not set" in done.stderr


def test_without_words_there_is_nothing_to_bench(tmp_path: Path) -> None:
    path = write(tmp_path, "- {name: x, turns: [{expect: [{event: response}]}]}")
    done = CliRunner().invoke(main, ["bench", str(path)])
    assert done.exit_code == 2
    assert "give --say or --wav" in done.output


def test_a_server_that_is_gone_fails_every_call() -> None:
    wav = ROOT / "tests" / "corpus" / "13_ambiguous.wav"
    asked = ["bench", "http://127.0.0.1:1/desk", "--wav", str(wav), "--calls", "2"]
    done = CliRunner().invoke(main, asked, standalone_mode=False)
    assert done.return_value == 1
    assert "2 of 2 calls failed: " in done.output


def test_the_table_has_waits_costs_gaps_and_the_budget(capsys: pytest.CaptureFixture[str]) -> None:
    alone = Figures(greetings=[100.0], answers=[300.0])
    both = Figures(
        greetings=[100.0, 140.0], answers=[300.0, 500.0], gaps=[120], failures=["busy"], late_ms=130
    )
    bench_table.show(
        BenchResult("x", Load(1, alone, 0.1, 3.0), Load(2, both, 0.0812, 1.26), {"turn_p95": 400.0})
    )
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["ms", "1", "call", "2", "calls,", "p50", "p95", "of"]
    assert shown[1].split() == ["greeting", "100", "120", "138", "2"]
    assert shown[2].split() == ["answer", "300", "400", "490", "2"]
    assert shown[3:] == [
        "gaps of 100 ms and more in the agent's sound: 1, the longest 120 ms",
        "the server took 8.1% of a core and 1.3 MB a call",
        "this machine was busy: callers were up to 130 ms late themselves",
        "1 of 2 calls failed: busy",
        "budget: turn_p95 490 of 400 ms, 2 turns: too slow",
    ]
