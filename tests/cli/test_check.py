"""``agentrun check``: exit codes, what is printed, and what is never imported."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests import programs

ROOT = Path(__file__).parent.parent.parent
SPEC = "transport: local\nprompts: Hi.\n"
PLUGIN = """
from loguru import logger
from agentrun import hookimpl
logger.info("here")

def get_hours() -> str:
    "When we are open."
    return "from six"

@hookimpl
def agentrun_tools():
    return [get_hours]
"""
IMPORTED = """
import sys
from agentrun.cli.main import run
try:
    run(sys.argv[1:])
except SystemExit as done:
    imported = {name.partition(".")[0] for name in sys.modules}
    heavy = sorted(imported & {"pipecat", "openai", "fastapi", "httpx", "numpy", "html", "concurrent"})
    print("heavy:", *heavy)
    sys.exit(done.code)
"""


def imports_of(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``agentrun`` with nothing imported before, which ends by naming its heavy imports."""
    command = [sys.executable, "-c", IMPORTED, *arguments]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "k"}
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=25, check=False)


def check(*arguments: str, key: str = "k", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", **({"OPENAI_API_KEY": key} if key else {})}
    return programs.run("check", *arguments, cwd=cwd, env=environ, timeout=25)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(SPEC)
    return path


def test_a_clean_spec_exits_with_0_and_imports_nothing_heavy(spec: Path) -> None:
    done = imports_of("check", str(spec))
    assert (done.returncode, done.stdout, done.stderr) == (0, "heavy:\n", "1 spec checked: no errors\n")


def test_help_exits_with_0_and_imports_nothing_heavy() -> None:
    for arguments in (("--help",), ("check", "--help")):
        done = imports_of(*arguments)
        assert done.returncode == 0
        assert done.stdout.endswith("heavy:\n")


def test_a_bad_spec_exits_with_1_and_says_where(spec: Path) -> None:
    spec.write_text("transport: twillio\nprompts: Hi.\n")
    done = imports_of("check", str(spec))
    assert done.returncode == 1
    assert done.stdout.startswith(
        f"{spec}:1:12: transport.type: 'twillio' is not one of daily, local, twilio\n"
    )
    assert done.stdout.endswith("heavy:\n")
    assert done.stderr == "1 spec checked: 1 error\n"


def test_what_a_library_of_a_plugin_says_of_itself_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "hours.py").write_text(PLUGIN)
    spec = tmp_path / "desk.yaml"
    spec.write_text(f"{SPEC}tools: [hours]\n")
    done = imports_of("check", str(spec))
    assert (done.returncode, done.stderr) == (0, "1 spec checked: no errors\n")


@pytest.mark.parametrize(
    "arguments", [(), ("--nonsense",), ("--set", "no-equals-sign", "a.yaml"), ("--style", "fast", "a.yaml")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """No specs are wrong usage where there is no folder ``agents``."""
    assert check(*arguments, cwd=tmp_path).returncode == 2


def test_a_variable_that_is_not_set_is_a_warning(spec: Path) -> None:
    done = check(str(spec), key="")
    assert done.returncode == 0
    assert "warning: " in done.stdout
    assert "OPENAI_API_KEY is not set" in done.stdout


def test_problems_of_the_spec_and_of_the_plan_come_in_one_run(spec: Path) -> None:
    spec.write_text(SPEC + "limits: {answer: 5}\npipeline:\n  llm: opnai/gpt-4o\ntools: [none]\n")
    done = check(str(spec))
    assert "limits.answer: 5 has no unit" in done.stdout
    assert "there is no provider 'opnai'" in done.stdout
    assert "there is no plugin 'none'" in done.stdout
    assert done.stderr == "1 spec checked: 3 errors\n"


def test_every_spec_of_a_folder_is_checked(spec: Path) -> None:
    (spec.parent / "below").mkdir()
    (spec.parent / "below" / "b.yml").write_text("transport: twillio\nprompts: Hi.\n")
    done = check(str(spec.parent))
    assert done.returncode == 1
    assert done.stderr == "2 specs checked: 1 error\n"


def test_hidden_folders_are_left_out(spec: Path) -> None:
    (spec.parent / ".venv").mkdir()
    (spec.parent / ".venv" / "b.yaml").write_text("- no spec\n")
    assert check(str(spec.parent)).stderr == "1 spec checked: no errors\n"


def test_a_folder_without_specs_exits_with_1(tmp_path: Path) -> None:
    done = check(str(tmp_path))
    assert done.returncode == 1
    assert "there is no spec in" in done.stdout


def test_a_missing_file_exits_with_1(tmp_path: Path) -> None:
    done = check(str(tmp_path / "none.yaml"))
    assert done.returncode == 1
    assert "none.yaml:1:1: there is no such file" in done.stdout


def test_an_override_that_is_wrong_is_named(spec: Path) -> None:
    done = check("--set", "pipeline.style=fast", str(spec))
    assert done.returncode == 1
    assert done.stdout.startswith("--set pipeline.style: pipeline.style: 'fast' is not one of")


def test_the_problem_of_two_specs_in_their_parent_is_printed_once(spec: Path) -> None:
    spec.write_text("transport: twillio\nprompts: Hi.\n")
    (spec.parent / "b.yaml").write_text("extends: a.yaml\n")
    done = check(str(spec.parent))
    assert done.stdout.count("'twillio'") == 1


def test_the_specs_of_this_repository_are_clean() -> None:
    done = check(str(ROOT / "agents"))
    assert done.returncode == 0, done.stdout


def test_colours_are_for_terminals_alone(spec: Path) -> None:
    spec.write_text("transport: twillio\nprompts: Hi.\n")
    assert "\x1b[" not in check(str(spec)).stdout
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agentrun", "check", str(spec)]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "k", "TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environ) as process:
        assert process.wait(25) == 1
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "\x1b[31m'twillio' is not one of daily, local, twilio" in shown


def test_tests_that_no_spec_runs_are_named(spec: Path) -> None:
    alone = spec.with_name("b.tests.yaml")
    alone.write_text("scenarios: []\n")
    spec.with_name("a.tests.yaml").write_text("scenarios: []\n")
    done = check(str(spec.parent))
    message = "there is no spec b.yaml beside these tests, so nobody runs them"
    assert done.returncode == 0
    assert f"{alone}:1:1: warning: {message}\n" in done.stdout
    assert "a.tests.yaml" not in done.stdout


PRINTS = '''\
from agentrun import hookimpl
print("connecting")

def book(guests: int) -> str:
    """Book a table."""
    return "booked"

@hookimpl
def agentrun_tools():
    return [book]
'''


def test_what_a_plugin_prints_at_its_import_is_not_among_what_is_printed_for_programs(spec: Path) -> None:
    spec.write_text(f"{SPEC}tools: [bookings]\n")
    (spec.parent / "plugins").mkdir()
    (spec.parent / "plugins" / "bookings.py").write_text(PRINTS)
    done = check(str(spec), "--format", "json")
    assert json.loads(done.stdout)["errors"] == 0
    assert "connecting" in done.stderr


def test_a_mistake_in_a_plugin_stands_at_its_line(spec: Path) -> None:
    spec.write_text(f"{SPEC}tools: [bookings]\n")
    (spec.parent / "plugins").mkdir()
    plugin = spec.parent / "plugins" / "bookings.py"
    plugin.write_text(f"{PRINTS}raise RuntimeError('no database')\n")
    done = check(str(spec))
    words = "plugin 'bookings': RuntimeError at import: no database"
    assert f"{plugin}:{len(PRINTS.splitlines()) + 1}:1: {words}\n" in done.stdout
