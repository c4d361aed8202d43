"""Programs of tests: ``agentrun`` in a process of its own that need not import everything first.

``run`` runs it to its end; ``start`` gives it while it runs, such as a server. ``run_pytest`` runs pytest.

Importing what a call needs takes some seconds of processor time; a process that was forked from one that has
imported it begins at once. The standard library's fork server does the forking: one for each test process,
begun by the first test that wants one. Tests of the start itself begin ``python -m agentrun``.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
ENVIRON: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "COLUMNS": "200"}
"""What a program is given unless its test says otherwise: nothing of the user's shell."""

AGENTRUN, PYTEST = "agentrun.cli.main:run", "pytest:console_main"
"""What a forked process runs."""
IMPORTED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""For pytest, whose plugins are imported already where it begins here."""

MOST_BYTES = 1 << 24
"""Of what a program writes and nobody has read: none of them is held up by that."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.preloaded"])


def run(
    *arguments: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] = ENVIRON,
    text: str = "",
    stdout: Path | None = None,
    timeout: float = 100,
    program: str = AGENTRUN,
) -> subprocess.CompletedProcess[str]:
    """What ``agentrun ARGUMENTS`` writes, and its exit code.

    Args:
        arguments: Those of the command line.
        cwd: The folder that it runs in.
        env: All of its environment.
        text: What it reads from its standard input.
        stdout: Where its standard output goes, such as a terminal; ``None`` gives it back.
        timeout: Seconds after which it is killed.
        program: Another one: its module and its function, with a colon between them.

    Raises:
        subprocess.TimeoutExpired: It did not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="agentrun-program-") as folder:
        streams = [Path(folder, name) for name in ("in", "out", "err")]
        streams[0].write_text(text, encoding="utf-8")
        if stdout:
            streams[1] = stdout
        process = CONTEXT.Process(target=_program, args=(program, arguments, cwd, dict(env), streams))
        process.start()
        process.join(timeout)
        written = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in streams[1:]]
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, timeout, *written)
        return subprocess.CompletedProcess(arguments, process.exitcode, *written)


def run_pytest(
    *arguments: str, cwd: Path, env: Mapping[str, str] = ENVIRON, timeout: float = 100
) -> subprocess.CompletedProcess[str]:
    """What ``python -m pytest ARGUMENTS`` writes in ``cwd``, and its exit code; raises what ``run`` does."""
    return run(*arguments, *IMPORTED, cwd=cwd, env=env, timeout=timeout, program=PYTEST)


class Program:
    """A program that runs, with as much of ``asyncio.subprocess.Process`` as tests use.

    ``stdout`` and ``stderr`` are what it writes; whoever starts it ends it.
    """

    def __init__(
        self,
        process: multiprocessing.process.BaseProcess,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.stdout, self.stderr = stdout, stderr
        self._process = process
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(process.sentinel, self._end)

    def _end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._ended.set()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal that ended it; ``None`` while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """What it has still written to both, once it has ended."""
        written = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return written


async def start(*arguments: str, cwd: Path = ROOT, env: Mapping[str, str] = ENVIRON) -> Program:
    """``agentrun ARGUMENTS`` as it runs in ``cwd``, with ``env`` as all of its environment."""
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(2)]
    ends = [writer for _, writer in pipes]
    process = CONTEXT.Process(target=_started, args=(arguments, cwd, dict(env), ends), daemon=True)
    # the first one waits until the fork server has imported everything
    await asyncio.to_thread(process.start)
    for writer in ends:
        writer.close()
    return Program(process, *[await _read(reader) for reader, _ in pipes])


async def _read(connection: Connection) -> asyncio.StreamReader:
    """What comes over a pipe, read as it comes."""
    reader = asyncio.StreamReader(MOST_BYTES)
    pipe = os.fdopen(os.dup(connection.fileno()), "rb", buffering=0)
    connection.close()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader


def _started(arguments: tuple[str, ...], cwd: Path, env: dict[str, str], ends: list[Connection]) -> NoReturn:
    """Be ``python -u -m agentrun ARGUMENTS``, writing to both ``ends``."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, (stream, end) in enumerate(zip((sys.stdout, sys.stderr), ends, strict=True), 1):
        os.dup2(end.fileno(), number)
        end.close()
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    _be(AGENTRUN, arguments, cwd, env)


def _program(
    program: str, arguments: tuple[str, ...], cwd: Path, env: dict[str, str], streams: list[Path]
) -> NoReturn:
    """Be ``python -m`` with a ``program`` and its ``arguments``, reading from and writing to files."""
    for number, path in enumerate(streams):
        mode = os.O_WRONLY | os.O_CREAT | os.O_NOCTTY if number else os.O_RDONLY
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    _be(program, arguments, cwd, env)


def _be(program: str, arguments: tuple[str, ...], cwd: Path, env: dict[str, str]) -> NoReturn:
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    module, _, name = program.partition(":")
    sys.argv = [module.partition(".")[0], *arguments]
    sys.path[0] = str(cwd)
    sys.exit(getattr(importlib.import_module(module), name)())
