"""How many calls one core holds, what each costs, and what it is asked while it holds them.

``python benchmarks/held.py [--style cascaded|realtime] [--most N] [--workers N]``: the hand-written bot and
agentrun run on the first core, everything else on the others. Calls are added until the p95 of the answers is
100 ms above that of one call, or 100 ms of silence are heard within an answer. Realistic delays.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contest import HERE, SYSTEMS, WITH_TOOL, contestant, script, standin
from loguru import logger
from rich.console import Console
from rich.status import Status
from rich.table import Table

from agentrun.record.percentile import percentile
from agentrun.simulate.bench.load import Figures, place_calls
from agentrun.simulate.bench.process import Server, Usage
from agentrun.simulate.caller import Caller

SLOWER_MS = 100.0
STEPS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64)
APART_SECONDS = 0.37
"""Between the beginnings of two calls, so that their turns fall anywhere."""


@dataclass(frozen=True)
class Load:
    """So many calls at once: the answers' p95 in ms, gaps, and what a call took of the core and of memory."""

    calls: int
    p95: float
    gaps: int
    failures: int
    core_share: float
    memory_mb: float
    late_ms: int


async def sampled(server: Server, stop: asyncio.Event) -> tuple[Usage, Usage]:
    """What the server had used before, and after with the most memory in between."""
    before = server.usage()
    assert before is not None
    most = before
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
        now = server.usage()
        assert now is not None
        most = Usage(now.cpu_seconds, max(most.memory_mb, now.memory_mb))
    return before, most


async def load(server: Server, url: str, calls: int) -> Load:
    """Place ``calls`` at once."""
    stop, figures = asyncio.Event(), Figures()
    watching = asyncio.create_task(sampled(server, stop))
    reports = await place_calls(url, Caller(), script(interrupted=False), calls, apart=APART_SECONDS)
    stop.set()
    before, most = await watching
    for report in reports:
        figures.add(report, WITH_TOOL)
    seconds = sum(report.seconds for report in reports) or 1.0
    return Load(
        calls,
        percentile(figures.answers, 0.95) or float("inf"),
        len(figures.gaps),
        len(figures.failures),
        (most.cpu_seconds - before.cpu_seconds) / seconds,
        (most.memory_mb - before.memory_mb) / calls,
        figures.late_ms,
    )


async def climb(system: str, style: str, most: int, workers: int, status: Status) -> list[Load]:
    """Add calls until they are not held."""
    cores = frozenset({0}) if workers == 1 else frozenset(range(workers))
    found: list[Load] = []
    with tempfile.TemporaryDirectory() as folder:
        async with standin("realistic") as environ:
            start = contestant(
                system, style, "realistic", environ, Path(folder), cores=cores, workers=workers
            )
            async with start as (server, url):
                await load(server, url, workers)
                for calls in (step for step in STEPS if step <= most):
                    status.update(f"{system}, {style}: {calls} calls")
                    found.append(await load(server, url, calls))
                    if not holds(found[-1], found[0]):
                        break
    return found


def holds(now: Load, alone: Load) -> bool:
    """Whether callers don't notice that there are others."""
    return now.p95 - alone.p95 <= SLOWER_MS and not now.gaps and not now.failures


def rows(found: list[Load]) -> Iterator[list[str]]:
    """Each step as a row."""
    for each in found:
        yield [
            str(each.calls),
            "yes" if holds(each, found[0]) else "no",
            f"{each.p95:.0f}",
            str(each.gaps),
            f"{each.core_share:.1%}",
            f"{each.memory_mb:.1f}",
            str(each.late_ms),
        ]


def main() -> None:
    """Measure, print, and keep."""
    logger.remove()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", choices=("cascaded", "realtime"))
    parser.add_argument("--system", choices=SYSTEMS)
    parser.add_argument("--most", type=int, default=STEPS[-1])
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {0} or {0})
    console, kept = Console(), []
    for style in (given.style,) if given.style else ("cascaded", "realtime"):
        for system in (given.system,) if given.system else SYSTEMS:
            with console.status("") as status:
                found = asyncio.run(climb(system, style, given.most, given.workers, status))
            table = Table("calls", "held", "p95 ms", "gaps", "core, a call", "MB, a call", "callers late ms")
            for row in rows(found):
                table.add_row(*row)
            console.print(f"{system}, {style}", table)
            kept.append({"system": system, "style": style, "loads": [vars(each) for each in found]})
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "held.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
