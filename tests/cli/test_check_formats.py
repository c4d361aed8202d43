"""What ``agentrun check`` prints for machines, for a terminal, and with its switches."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import programs
from tests.cli.test_check import ROOT, SPEC

BAD = "transport: twillio\nprompts: Hi.\nlimits: {answer: 5}\n"


def check(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": "k", **environ}
    return programs.run("check", *arguments, cwd=folder, env=given, timeout=25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(SPEC)
    (tmp_path / "bad one.yaml").write_text(BAD)
    return tmp_path


def test_json_has_every_problem_and_the_counts(folder: Path) -> None:
    done = check(folder, ".", "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["specs"], told["errors"], told["warnings"]) == (1, 2, 2, 0)
    assert told["problems"][0] == {
        "path": "bad one.yaml",
        "line": 1,
        "column": 12,
        "where": "transport.type",
        "message": "'twillio' is not one of daily, local, twilio",
        "hint": "did you mean 'twilio'?",
        "severity": "error",
    }


def test_github_shows_each_problem_at_its_line(folder: Path) -> None:
    done = check(folder, ".", "--format", "github")
    first, second = done.stdout.splitlines()
    assert first.startswith("::error file=bad one.yaml,line=1,col=12,title=agentrun check::transport.type: ")
    assert first.endswith("%0Ahint: did you mean 'twilio'?")
    assert "line=3" in second


def test_github_s_marks_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "a,b:50%.yaml").write_text(BAD)
    assert "file=a%2Cb%3A50%25.yaml,line=1" in check(tmp_path, ".", "--format", "github").stdout


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_a_clean_folder_is_told_in_every_format(tmp_path: Path, form: str) -> None:
    (tmp_path / "good.yaml").write_text(SPEC)
    done = check(tmp_path, ".", "--format", form)
    assert done.returncode == 0
    assert form == "github" or json.loads(done.stdout)


def test_a_warning_is_an_error_when_one_is_strict(folder: Path) -> None:
    done = check(folder, "good.yaml", OPENAI_API_KEY="")
    assert (done.returncode, "warning: pipeline: OPENAI_API_KEY is not set" in done.stdout) == (0, True)
    done = check(folder, "good.yaml", "--strict", OPENAI_API_KEY="")
    assert done.returncode == 1
    assert done.stderr == "1 spec checked: no errors, 1 warning\n"


def test_variables_may_come_from_a_file(folder: Path) -> None:
    (folder / "deploy.env").write_text("# for the server\nOPENAI_API_KEY='sk-of-the-file'\n")
    done = check(folder, "good.yaml", "--strict", "--env-file", "deploy.env", OPENAI_API_KEY="")
    assert done.returncode == 1, "a variable that is set to nothing wins over the file"
    command = [
        "env",
        "-u",
        "OPENAI_API_KEY",
        sys.executable,
        "-m",
        "agentrun",
        "check",
        "good.yaml",
        "--strict",
    ]
    more = {"cwd": folder, "timeout": 25, "check": False, "capture_output": True, "text": True}
    assert subprocess.run([*command, "--env-file", "deploy.env"], **more).returncode == 0  # type: ignore[call-overload]
    assert check(folder, "good.yaml", "--env-file", "none.env").returncode == 2
    (folder / "latin.env").write_bytes("CITY=Köln\n".encode("latin-1"))
    done = check(folder, "good.yaml", "--env-file", "latin.env")
    assert done.returncode == 2
    assert "latin.env can't be read as a file of NAME=value in UTF-8" in " ".join(done.stderr.split())


def test_without_plugins_nothing_is_imported_and_nothing_said_of_tools(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "a.yaml").write_text(f"{SPEC}tools: [shop]\n")
    assert check(tmp_path, "a.yaml").returncode == 1
    assert check(tmp_path, "a.yaml", "--no-plugins").returncode == 0


def test_a_plugin_s_fault_is_named_once_for_all_specs_that_use_it(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text("import nothing_of_this_name\n")
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(f"{SPEC}tools: [shop]\n")
    done = check(tmp_path, ".", "--format", "json")
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["path"].endswith("shop.py")
    assert problem["where"] == "plugin 'shop'"
    assert "nothing_of_this_name" in problem["message"]


def test_explain_says_where_each_value_comes_from(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("transport: local\nlimits: {answer: 4s}\n")
    (tmp_path / "a.yaml").write_text(
        "extends: base.yaml\nprompts: Hi. [smile]\npipeline: {llm: openai/gpt-4o-mini}\n"
    )
    done = check(tmp_path, "a.yaml", "--explain", "--set", "turns.min_words=2", COLUMNS="150")
    assert done.returncode == 0
    said = {tuple(re.split(r"\s{2,}", line.strip())) for line in done.stdout.splitlines()}
    for row in (
        ("llm", "model", "openai/gpt-4o-mini", "a.yaml:3"),
        ("limits.answer", "4s", "base.yaml:2"),
        ("turns.min_words", "2", "--set turns.min_words"),
        ("turns.detection", "smart", "default"),
        ("prompts.system", "Hi. [smile]", "a.yaml:2"),
        ("transport[0].type", "local", "base.yaml:1"),
    ):
        assert row in said, row


def terminal(folder: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The command at a terminal, and that terminal's other end."""
    ours, theirs = pty.openpty()
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "xterm", "OPENAI_API_KEY": "k"}
    command = [sys.executable, "-m", "agentrun", "check", *arguments]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environ, cwd=folder)
    os.close(theirs)
    return process, ours


def read(ours: int, until: str = "", seconds: float = 20) -> str:
    """What the terminal shows until ``until`` stands there, or until the command ends."""
    shown, deadline = "", time.monotonic() + seconds
    while not until or until not in shown:
        assert time.monotonic() < deadline, shown
        try:
            piece = os.read(ours, 4096).decode()
        except OSError:
            break
        shown += re.sub(r"\x1b\[[0-9;]*m", "", piece)
    return shown.replace("\r\n", "\n")


def test_a_terminal_is_shown_the_line_with_a_caret(folder: Path) -> None:
    process, ours = terminal(folder, "bad one.yaml")
    shown = read(ours)
    assert process.wait(10) == 1
    assert "    1 | transport: twillio\n      |            ^\n  hint: did you mean 'twilio'?\n" in shown


@pytest.mark.parametrize("value", ["sk-abcdefghijklmnopqrstuvwx", "hunter2hunter2"])
def test_a_terminal_is_not_shown_a_secret(tmp_path: Path, value: str) -> None:
    line = f"pipeline: {{llm: {{model: openai/gpt-4o, api_key: {value}}}}}"
    (tmp_path / "a.yaml").write_text(f"{SPEC}{line}\n")
    process, ours = terminal(tmp_path, "a.yaml")
    shown = read(ours)
    assert process.wait(10) == 1
    assert "a.yaml:3" in shown
    assert value not in shown


def test_watching_checks_again_after_each_save(folder: Path) -> None:
    process, ours = terminal(folder, "good.yaml", "--watch")
    try:
        read(ours, "1 spec checked: no errors")
        (folder / "good.yaml").write_text("transport: twillio\nprompts: Hi.\n")
        assert "is not one of" in read(ours, "1 spec checked: 1 error")
        (folder / "good.yaml").write_text(SPEC)
        read(ours, "1 spec checked: no errors")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        process.kill()


def test_a_file_of_tests_is_checked_with_its_spec(folder: Path) -> None:
    (folder / "good.tests.yaml").write_text("name: good\nscenarios: [{name: a, turns: [{usr: Hi}]}]\n")
    done = check(folder, "good.tests.yaml", "good.yaml")
    assert done.stdout.startswith("good.tests.yaml:2:32: tests[0].turns[0].usr: 'usr' is not a key here")
    assert done.stderr == "1 spec checked: 1 error\n"
