"""``agentrun chat`` as it is used: piped into, at a terminal, and broken off."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests import programs

CHAT = ("chat", "agents/ncaa.yaml", "--offline")


def piped(text: str, *more: str) -> subprocess.CompletedProcess[str]:
    return programs.run(*CHAT, *more, text=text, timeout=100)


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
def test_json_is_one_object_a_turn(style: str) -> None:
    done = piped("What were the men's scores?\nGoodbye\n", "--json", "--style", style)
    assert done.returncode == 0, done.stderr
    greeting, scores, goodbye = [json.loads(line) for line in done.stdout.splitlines()]
    assert greeting["caller"] is None
    assert "March Madness" in greeting["agent"]
    assert scores["caller"] == "What were the men's scores?"
    assert [tool["name"] for tool in scores["tools"]] == ["get_mens_basketball_scores"]
    assert "Duke 78" in scores["agent"]
    assert "goodbye" in goodbye["agent"]
    assert done.stderr == ""


def test_the_last_line_of_a_pipe_needs_no_end() -> None:
    done = piped("Hello", "--json")
    assert [json.loads(line)["caller"] for line in done.stdout.splitlines()] == [None, "Hello"]


def test_empty_lines_are_no_turns() -> None:
    done = piped("\n\nHello\n\n", "--json")
    assert [json.loads(line)["caller"] for line in done.stdout.splitlines()] == [None, "Hello"]


def test_a_broken_spec_is_told_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("transprot: local\nprompts: Be brief.\n")
    done = programs.run("chat", str(path), "--offline")
    assert done.returncode == 1
    assert "agent.yaml:1:1" in done.stderr
    assert "did you mean 'transport'?" in done.stderr


class Terminal:
    """A chat at a pseudo-terminal."""

    def __init__(self) -> None:
        self.far, near = pty.openpty()
        self.before = termios.tcgetattr(self.far)
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agentrun", *CHAT],
            stdin=near,
            stdout=near,
            stderr=near,
            cwd=programs.ROOT,
            env=environ,
            start_new_session=True,
        )
        os.close(near)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until ``text`` is on the screen."""
        deadline = time.monotonic() + 90
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.far], [], [], 0.2)[0]:
                self.shown += os.read(self.far, 4096).decode(errors="replace")

    def end(self) -> int:
        """The exit code, with the rest of the screen read."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self.far], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.far, 4096).decode(errors="replace")
                except OSError:
                    break
        return self.process.wait(timeout=30)


def test_ctrl_d_hangs_up_and_leaves_the_terminal_clean() -> None:
    terminal = Terminal()
    terminal.wait_for("you:")
    os.write(terminal.far, b"What were the men's scores?\n")
    terminal.wait_for("get_mens_basketball_scores")
    terminal.wait_for("first word after")
    os.write(terminal.far, b"\x04")
    assert terminal.end() == 0
    assert termios.tcgetattr(terminal.far) == terminal.before
    assert "Traceback" not in terminal.shown


def test_ctrl_c_hangs_up_and_leaves_the_terminal_clean() -> None:
    terminal = Terminal()
    terminal.wait_for("you:")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert termios.tcgetattr(terminal.far) == terminal.before
    assert "\x1b[?25l" not in terminal.shown.rpartition("\x1b[?25h")[2]
    assert "Traceback" not in terminal.shown
