"""How many calls one core holds, what each costs, and what becomes of those that are too many.

``python benchmarks/held.py [--style cascaded|realtime] [--most N] [--workers N]``: the hand-written bot and
agentrun run on the first core, everything else on the others. Calls are added until the p95 of the answers is
100 ms above that of one call, or 100 ms of silence are heard within an answer. Then, "past", three times as
many as were held are offered; agentrun is started anew for it with ``--max-calls auto``, and whom it refuses
as busy is counted. Where the climb ends before the limit (``--most``, or the last step) more may be held: the
table says "at least", the JSON ``at_least``, and "past" may be within the limit. Three questions a call,
realistic delays, noise on the line. About 20 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from contest import HERE, NOISE_DB, SYSTEMS, WITH_TOOL, contestant, script, standin
from loguru import logger
from rich.console import Console
from rich.status import Status
from rich.table import Table

from agentrun.records.percentile import percentile
from agentrun.simulate.bench.measure import Load, measure
from agentrun.simulate.caller import Caller

SLOWER_MS = 100.0
STEPS = (1, 4, 6, 8, 12, 16, 20, 24, 32, 40, 52, 64)
TIMES_PAST = 3
MOST_PAST = 96
"""More callers than this are late themselves: they share the other core."""
REFUSED = ("the agent rejected the call: busy", "the agent hung up without listening")
"""A busy tone, and `prompts.busy` in words."""
COLUMNS = (
    "calls",
    "held",
    "p95 ms",
    "gaps",
    "refused",
    "failed",
    "core, a call",
    "MB, a call",
    "callers late ms",
)
APART_SECONDS = 0.37
"""Between the beginnings of two calls, so that their turns fall anywhere."""


async def climb(system: str, style: str, most: int, workers: int, status: Status) -> list[Load]:
    """Add calls until they are not held."""
    found: list[Load] = []
    async with loading(system, style, workers) as place:
        for calls in (step for step in STEPS if step <= most):
            status.update(f"{system}, {style}: {calls} calls")
            found.append(await place(calls))
            if not holds(found[-1], found[0]):
                break
    return found


async def past(system: str, style: str, workers: int, held: int, status: Status) -> Load:
    """What becomes of all when three times as many call as it holds."""
    calls = min(TIMES_PAST * max(held, 1), MOST_PAST)
    status.update(f"{system}, {style}: {calls} calls, past the limit")
    more = ("--max-calls", "auto") if system == "agentrun" else ()
    async with loading(system, style, workers, more) as place:
        return await place(calls)


@contextlib.asynccontextmanager
async def loading(
    system: str, style: str, workers: int, more: Sequence[str] = ()
) -> AsyncIterator[Callable[[int], Awaitable[Load]]]:
    """A system that has had a call for each worker, as what places so many calls at it."""
    cores = frozenset({0}) if workers == 1 else frozenset(range(workers))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environ = await stack.enter_async_context(standin("realistic"))
        start = contestant(
            system, style, "realistic", environ, folder, cores=cores, workers=workers, more=more
        )
        server, url = await stack.enter_async_context(start)
        how: dict[str, Any] = {"server": server, "with_tool": WITH_TOOL, "apart": APART_SECONDS}

        async def place(calls: int) -> Load:
            return await measure(url, Caller(noise=NOISE_DB), script(interrupted=False), calls, **how)

        await place(workers)
        yield place


def refused(load: Load) -> int:
    """Callers who heard that the line is busy."""
    return sum(any(words in failure for words in REFUSED) for failure in load.figures.failures)


def holds(now: Load, alone: Load) -> bool:
    """Whether callers don't notice that there are others."""
    figures = now.figures
    return p95(now) - p95(alone) <= SLOWER_MS and not figures.gaps and not figures.failures


def p95(load: Load) -> float:
    """Of the answers without a tool, in ms."""
    return percentile(load.figures.answers, 0.95) or float("inf")


def is_least(found: list[Load]) -> bool:
    """Whether the climb ended before the limit was met: more calls may be held."""
    return bool(found) and holds(found[-1], found[0])


def rows(found: list[Load], beyond: Load) -> Iterator[list[str]]:
    """Each step as a row."""
    for each in (*found, beyond):
        held = "yes" if holds(each, found[0]) else "no"
        if is_least(found):
            held = "at least" if each is found[-1] else "maybe past" if each is beyond else held
        elif each is beyond:
            held = "past"
        yield [
            str(each.calls),
            held,
            f"{p95(each):.0f}",
            str(len(each.figures.gaps)),
            str(refused(each)),
            str(len(each.figures.failures) - refused(each)),
            f"{each.core_share:.1%}",
            f"{each.memory_mb:.1f}",
            str(each.figures.late_ms),
        ]


def keep(found: dict[str, Any]) -> None:
    """Put what was found into the results, beside what another run has found of other systems and styles."""
    results = HERE / "results" / "held.json"
    results.parent.mkdir(exist_ok=True)
    kept = json.loads(results.read_text()) if results.exists() else []
    same = (found["system"], found["style"])
    kept = [each for each in kept if (each["system"], each["style"]) != same]
    results.write_text(json.dumps([*kept, found], indent=1) + "\n")


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
    console = Console()
    for style in (given.style,) if given.style else ("cascaded", "realtime"):
        for system in (given.system,) if given.system else SYSTEMS:
            with console.status("") as status:
                found = asyncio.run(climb(system, style, given.most, given.workers, status))
                most = max((load.calls for load in found if holds(load, found[0])), default=0)
                beyond = asyncio.run(past(system, style, given.workers, most, status))
            table = Table(*COLUMNS)
            for row in rows(found, beyond):
                table.add_row(*row)
            console.print(f"{system}, {style}", table)
            loads = [load.as_json() for load in found]
            last = {**beyond.as_json(), "refused": refused(beyond)}
            held = {"held": most, "at_least": is_least(found)}
            keep({"system": system, "style": style, **held, "loads": loads, "past": last})


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
