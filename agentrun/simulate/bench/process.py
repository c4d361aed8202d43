"""A server in a process of its own, and what it uses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import SetupError

_PROC = Path("/proc")
_STOP_SECONDS = 10.0
_LAST_LINES = 20


@dataclass(frozen=True)
class Usage:
    """Seconds of processor time since its start, and MB of memory, of a process and its children.

    Memory is Linux's proportional set size: what processes share is divided among them.
    """

    cpu_seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Server:
    """A process that serves at ``url``, such as ``http://127.0.0.1:7860``."""

    url: str
    pid: int

    def usage(self) -> Usage | None:
        """What it uses now; None where there is no ``/proc``."""
        if not _PROC.is_dir():
            return None
        processes = list(_family(self.pid))
        return Usage(sum(map(_cpu_seconds, processes)), sum(map(_memory_mb, processes)))


@contextlib.asynccontextmanager
async def started(
    command: Sequence[str], environ: Mapping[str, str], *, cores: frozenset[int] = frozenset()
) -> AsyncIterator[Server]:
    """Run ``command``, which prints the address that it serves at; on ``cores``, where some are given.

    Raises SetupError with its last words when it ends before.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environ),
        start_new_session=True,
    )
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, cores)
    reading: asyncio.Task[None] | None = None
    try:
        url = await _address(process)
        reading = asyncio.create_task(_drain(process))
        yield Server(url, process.pid)
    finally:
        await _stop(process)
        if reading:
            await reading


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    while line := await process.stdout.readline():
        lines.append(line.decode(errors="replace").rstrip())
        url = next((word for word in lines[-1].split() if word.startswith("http://127.0.0.1:")), None)
        if url:
            return "/".join(url.split("/")[:3])
    raise SetupError("\n".join(["the server did not start:", *lines]), "start it with `agentrun serve`")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None  # noqa: S101
    while await process.stdout.read(65_536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the process and its children, who hold its pipe."""
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _family(pid: int) -> Iterator[int]:
    """The process and all that it has started."""
    yield pid
    for task in (_PROC / str(pid) / "task").glob("*"):
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))


def _cpu_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _memory_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
