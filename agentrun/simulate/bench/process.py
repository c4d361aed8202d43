"""A server in a process of its own, and its resource use."""

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

START_SECONDS = 600.0
"""A server may load models and index documents before it tells where it serves; it does not take for ever."""
_PROC = Path("/proc")
_STOP_SECONDS = 10.0
_LAST_WORDS_SECONDS = 1.0
"""What a process wrote before it ended is read by then."""
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
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    cores: frozenset[int] = frozenset(),
    within: float = START_SECONDS,
) -> AsyncIterator[Server]:
    """Run ``command``, which prints the address that it serves at; on ``cores``, where some are given.

    Raises SetupError with its last words when it ends before, or has not printed it ``within`` seconds.
    """
    reading: asyncio.Task[None] | None = None
    async with _output() as (output, theirs):
        process = await _process(command, environ, theirs)
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, cores)
        try:
            url = await _address(output, process, within)
            reading = asyncio.create_task(_drain(output))
            yield Server(url, process.pid)
        finally:
            await _stop(process)
            if reading:
                reading.cancel()
                await asyncio.wait({reading})


@contextlib.asynccontextmanager
async def _output() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """What reads a pipe, and its end for a process, which is to be closed.

    A process's own pipe keeps ``wait`` until all have let go of it, also what it has started elsewhere.
    """
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", 0)
    )
    try:
        yield reader, theirs
    finally:
        transport.close()


async def _process(
    command: Sequence[str], environ: Mapping[str, str], output: int
) -> asyncio.subprocess.Process:
    """Run ``command`` in a group of its own; ``output`` is given to it, and closed here."""
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environ),
            start_new_session=True,
        )
    finally:
        os.close(output)


async def _address(output: asyncio.StreamReader, process: asyncio.subprocess.Process, within: float) -> str:
    """Where ``process`` says that it serves; what it has left running may hold its output open for ever."""
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    reading, ended = asyncio.create_task(_read(output, lines)), asyncio.create_task(process.wait())
    try:
        await asyncio.wait({reading, ended}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        is_over = reading.done() or ended.done()
        if ended.done():
            await asyncio.wait({reading}, timeout=_LAST_WORDS_SECONDS)
        if reading.done() and (url := reading.result()):
            return url
    finally:
        reading.cancel()
        ended.cancel()
        await asyncio.wait({reading, ended})
    what = f"the server did not start{'' if is_over else f' within {within:g} s'}:"
    raise SetupError("\n".join([what, *lines]), "start it with `agentrun serve`")


async def _read(output: asyncio.StreamReader, lines: deque[str]) -> str:
    """Read into ``lines`` until one has an address, which is returned; empty where none does."""
    while line := await output.readline():
        lines.append(line.decode(errors="replace").rstrip())
        url = next((word for word in lines[-1].split() if word.startswith("http://127.0.0.1:")), None)
        if url:
            return "/".join(url.split("/")[:3])
    return ""


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(65_536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the process and its children."""
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
