"""Workers end with their supervisor, at whatever moment that is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.serve_process import SERVE, SPEC, environ

MARK = "AGENTRUN_TEST_MARK"
WORKER = """
import os, sys, time
from agentrun.server.lifecycle.processes.supervisor_tie import end_with_supervisor
time.sleep(float(sys.argv[2]))
end_with_supervisor(int(sys.argv[1]))
print("tied", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("late", [0.0, 0.5])
def test_a_process_ends_when_the_other_end_is_gone_also_before_it_looks(late: float) -> None:
    read, write = os.pipe()
    command = [sys.executable, "-c", WORKER, str(read), str(late)]
    with subprocess.Popen(command, pass_fds=(read,), env=environ(), stdout=subprocess.PIPE) as worker:
        os.close(read)
        if not late:
            assert worker.stdout
            assert worker.stdout.readline() == b"tied\n"
            assert worker.poll() is None, "it lives while its supervisor does"
        os.close(write)
        assert worker.wait(30) == -signal.SIGTERM


def marked(mark: str) -> set[int]:
    """The processes that were started with ``mark`` in their environment."""
    wanted, found = f"{MARK}={mark}".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.needs(Path("/proc").is_dir(), "processes are looked for in /proc")
@pytest.mark.parametrize(
    ("workers_at", "seconds"),
    [(0, 0.0), (0, 0.3), (0, 1.0), (1, 0.0), (1, 1.0), (2, 0.0), (2, 0.3), (2, 1.0), (2, 3.0)],
)
def test_no_worker_outlives_a_supervisor_that_is_killed_while_they_start(
    tmp_path: Path, workers_at: int, seconds: float
) -> None:
    """Killed ``seconds`` after so many of its workers are there."""
    spec, mark = tmp_path / "desk.yaml", tmp_path.name
    spec.write_text(SPEC)
    given = environ(OPENAI_API_KEY="test", **{MARK: mark})
    command = [*SERVE, str(spec), "--port", "0", "--workers", "2", "--records", "none", "--drain", "0s"]
    with subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        deadline = time.monotonic() + 60
        while len(marked(mark)) < 1 + workers_at:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(seconds)
        one.kill()
    deadline = time.monotonic() + 60
    while left := marked(mark):
        assert time.monotonic() < deadline, f"{left} live on"
        time.sleep(0.1)
