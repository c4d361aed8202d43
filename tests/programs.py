"""Runs ``agentrun`` to its end, in a process of its own that need not import everything first.

Importing what a call needs takes some seconds of processor time; a process that was forked from one that has
imported it begins at once. The standard library's fork server does the forking: one for each test process,
begun by the first test that wants one. Tests of the start itself and of signals begin programs of their own.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
ENVIRON: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "COLUMNS": "200"}
"""What a program is given unless its test says otherwise: nothing of the user's shell."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.preloaded"])


def run(
    *arguments: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] = ENVIRON,
    text: str = "",
    stdout: Path | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """What ``agentrun ARGUMENTS`` writes, and its exit code.

    Args:
        arguments: Those of the command line.
        cwd: The folder that it runs in.
        env: All of its environment.
        text: What it reads from its standard input.
        stdout: Where its standard output goes, such as a terminal; ``None`` gives it back.
        timeout: Seconds after which it is killed.

    Raises:
        subprocess.TimeoutExpired: It did not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="agentrun-program-") as folder:
        streams = [Path(folder, name) for name in ("in", "out", "err")]
        streams[0].write_text(text, encoding="utf-8")
        if stdout:
            streams[1] = stdout
        process = CONTEXT.Process(target=_program, args=(arguments, cwd, dict(env), streams))
        process.start()
        process.join(timeout)
        written = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in streams[1:]]
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, timeout, *written)
        return subprocess.CompletedProcess(arguments, process.exitcode, *written)


def _program(arguments: tuple[str, ...], cwd: Path, env: dict[str, str], streams: list[Path]) -> NoReturn:
    """Be ``python -m agentrun ARGUMENTS``."""
    for number, path in enumerate(streams):
        mode = os.O_WRONLY | os.O_CREAT | os.O_NOCTTY if number else os.O_RDONLY
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["agentrun", *arguments]
    sys.path[0] = str(cwd)
    from agentrun.cli.main import run as agentrun

    agentrun()
    sys.exit(0)
