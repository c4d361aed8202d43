"""How many calls one core holds, what each costs, and what it is asked while it holds them.

``python benchmarks/held.py [--style cascaded|realtime] [--most N] [--workers N]``: the hand-written bot and
agentrun run on the first core, everything else on the others. Calls are added until the p95 of the answers is
100 ms above that of one call, or 100 ms of silence are heard within an answer. Realistic delays.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from contest import HERE, SYSTEMS, WITH_TOOL, contestant, script, standin
from loguru import logger
from rich.console import Console
from rich.status import Status
from rich.table import Table

from agentrun.records.percentile import percentile
from agentrun.simulate.bench.measure import Load, measure
from agentrun.simulate.caller import Caller

SLOWER_MS = 100.0
STEPS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64)
APART_SECONDS = 0.37
"""Between the beginnings of two calls, so that their turns fall anywhere."""


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
                how = {"server": server, "with_tool": WITH_TOOL, "apart": APART_SECONDS}
                await measure(url, Caller(), script(interrupted=False), workers, **how)
                for calls in (step for step in STEPS if step <= most):
                    status.update(f"{system}, {style}: {calls} calls")
                    found.append(await measure(url, Caller(), script(interrupted=False), calls, **how))
                    if not holds(found[-1], found[0]):
                        break
    return found


def holds(now: Load, alone: Load) -> bool:
    """Whether callers don't notice that there are others."""
    figures = now.figures
    return p95(now) - p95(alone) <= SLOWER_MS and not figures.gaps and not figures.failures


def p95(load: Load) -> float:
    """Of the answers without a tool, in ms."""
    return percentile(load.figures.answers, 0.95) or float("inf")


def rows(found: list[Load]) -> Iterator[list[str]]:
    """Each step as a row."""
    for each in found:
        yield [
            str(each.calls),
            "yes" if holds(each, found[0]) else "no",
            f"{p95(each):.0f}",
            str(len(each.figures.gaps)),
            f"{each.core_share:.1%}",
            f"{each.memory_mb:.1f}",
            str(each.figures.late_ms),
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
            most = max((load.calls for load in found if holds(load, found[0])), default=0)
            loads = [load.as_json() for load in found]
            kept.append({"system": system, "style": style, "held": most, "loads": loads})
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "held.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
