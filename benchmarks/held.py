"""How many calls one core holds, what each costs, and what becomes of those that are too many.

``python benchmarks/held.py [--style cascaded|realtime] [--most N] [--workers N] [--short]``: the
hand-written bot and agentrun run on the first core, everything else on the others. Calls are added until the
p95 of the answers is 100 ms above that of one call, or 100 ms of silence are heard within an answer. Then,
"past", three times as many as were held are offered; agentrun is started anew for it with ``--max-calls
auto``, and whom it refuses as busy is counted. Where the climb ends before the limit (``--most``, or the last
step) more may be held: the table says "at least", the JSON ``at_least``, and "past" may be within the limit.
Calls are cost.py's, of six questions and a barge-in; with ``--short`` of three questions, which takes half as
long. A row says how late the callers were themselves: where that is tens of ms, gaps and waits are theirs.
About 26 minutes. Prints a table for each system and style; writes ``results/held.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contest import (
    CONDITIONS,
    HERE,
    NOISE_DB,
    SHORT,
    SYSTEMS,
    WITH_TOOL,
    contestant,
    everyday,
    script,
    standin,
    warm_up,
)
from loguru import logger
from rich.console import Console
from rich.status import Status
from rich.table import Table

from agentrun.records.percentile import percentile
from agentrun.simulate.bench.measure import Load, measure
from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.script import Script

STYLES = ("cascaded", "realtime")
SLOWER_MS = 100.0
STEPS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 52, 64)
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
    "busy",
    "failed",
    "core, a call",
    "MB, a call",
    "late ms",
)
SHORT_CALLS = f"{SHORT}; callers' lines with noise at {NOISE_DB:g} dBFS; provider delays as of a distance"
APART_SECONDS = 0.37
"""Between the beginnings of two calls, so that their turns fall anywhere."""


@dataclass(frozen=True)
class Contest:
    """Who is called, by so many processes of its own, and what every caller says."""

    system: str
    style: str
    workers: int
    script: Script

    def __str__(self) -> str:
        return f"{self.system}, {self.style}"


async def climb(contest: Contest, most: int, status: Status) -> list[Load]:
    """Add calls until they are not held."""
    found: list[Load] = []
    async with loading(contest) as place:
        for calls in (step for step in STEPS if step <= most):
            status.update(f"{contest}: {calls} calls")
            found.append(await place(calls))
            if not holds(found[-1], found[0]):
                break
    return found


async def past(contest: Contest, held: int, status: Status) -> Load:
    """What becomes of all when three times as many call as it holds."""
    calls = min(TIMES_PAST * max(held, 1), MOST_PAST)
    status.update(f"{contest}: {calls} calls, past the limit")
    more = ("--max-calls", "auto") if contest.system == "agentrun" else ()
    async with loading(contest, more) as place:
        return await place(calls)


@contextlib.asynccontextmanager
async def loading(
    contest: Contest, more: Sequence[str] = ()
) -> AsyncIterator[Callable[[int], Awaitable[Load]]]:
    """A system that has had a short call for each worker, as what places so many calls at it."""
    workers = contest.workers
    cores = frozenset({0}) if workers == 1 else frozenset(range(workers))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environ = await stack.enter_async_context(standin("realistic"))
        who = (contest.system, contest.style, "realistic", environ, folder)
        start = contestant(*who, cores=cores, workers=workers, more=more)
        server, url = await stack.enter_async_context(start)
        how: dict[str, Any] = {"server": server, "with_tool": WITH_TOOL, "apart": APART_SECONDS}
        caller = Caller(noise=NOISE_DB)
        await measure(url, caller, warm_up(), workers, **how)

        async def place(calls: int) -> Load:
            return await measure(url, caller, contest.script, calls, **how)

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
            f"{each.core_share or 0.0:.1%}",
            f"{each.memory_mb or 0.0:.1f}",
            str(each.figures.late_ms),
        ]


def keep(contest: Contest, conditions: str, found: dict[str, Any]) -> None:
    """Put what was found into the results, beside what has been found of other systems and styles."""
    results = HERE / "results" / "held.json"
    results.parent.mkdir(exist_ok=True)
    kept = json.loads(results.read_text()) if results.exists() else {}
    kept.setdefault(contest.style, {})[contest.system] = {"conditions": conditions, **found}
    results.write_text(json.dumps(kept, indent=1) + "\n")


def run(contest: Contest, conditions: str, most: int, console: Console) -> None:
    """Measure one system in one style, print, and keep."""
    with console.status("") as status:
        found = asyncio.run(climb(contest, most, status))
        held = max((load.calls for load in found if holds(load, found[0])), default=0)
        beyond = asyncio.run(past(contest, held, status))
    table = Table(*COLUMNS, title=str(contest), title_justify="left", pad_edge=False)
    for row in rows(found, beyond):
        table.add_row(*row)
    console.print(table)
    loads = [load.as_json() for load in found]
    last = {**beyond.as_json(), "refused": refused(beyond)}
    keep(contest, conditions, {"held": held, "at_least": is_least(found), "loads": loads, "past": last})


def main() -> None:
    """Measure all that is asked for."""
    logger.remove()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", choices=STYLES)
    parser.add_argument("--system", choices=SYSTEMS)
    parser.add_argument("--most", type=int, default=STEPS[-1])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {0} or {0})
    said, conditions = (script(interrupted=False), SHORT_CALLS) if given.short else (everyday(), CONDITIONS)
    console = Console()
    console.print(f"calls at once on {given.workers} core(s): {conditions}")
    for style in (given.style,) if given.style else STYLES:
        for system in (given.system,) if given.system else SYSTEMS:
            run(Contest(system, style, given.workers, said), conditions, given.most, console)


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
