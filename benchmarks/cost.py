"""What a call costs: seconds of processor time a second of a call, beside the hand-written bot and the floor.

``python benchmarks/cost.py [--style cascaded|realtime] [--calls N] [--systems …] [--profile zero|realistic]
[--rounds N] [-- OPTION…]``: each system answers N calls at once on the first core (5 cascaded, 16 realtime),
one round after the other; OPTIONs are agentrun's. Processor time is the server's own, user and system, from
/proc: what else the machine does hardly moves it. Prints medians and ratios; writes ``results/cost.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contest import (
    CONDITIONS,
    FLOOR,
    HERE,
    NOISE_DB,
    SYSTEMS,
    WITH_TOOL,
    contestant,
    everyday,
    standin,
    warm_up,
)
from loguru import logger
from rich.console import Console
from rich.table import Table

from agentrun.records.percentile import percentile
from agentrun.simulate.bench.measure import Load, measure
from agentrun.simulate.bench.process import Server
from agentrun.simulate.caller import Caller

CALLS = {"cascaded": 5, "realtime": 16}
APART_SECONDS = 0.37
IDLE_SECONDS = 10.0


async def idle(server: Server) -> tuple[float, float]:
    """Of a server that nobody calls: its share of a core, and its MB."""
    before = server.usage()
    await asyncio.sleep(IDLE_SECONDS)
    after = server.usage()
    if before is None or after is None:
        return float("nan"), float("nan")
    return (after.cpu_seconds - before.cpu_seconds) / IDLE_SECONDS, after.memory_mb


async def one(system: str, style: str, given: argparse.Namespace) -> tuple[Load, tuple[float, float]]:
    """One system: idle, then a call that is not counted, then the load."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environ = await stack.enter_async_context(standin(given.profile))
        core = frozenset({0}) if (os.cpu_count() or 1) > 1 else frozenset[int]()
        start = contestant(system, style, given.profile, environ, folder, cores=core, more=given.options)
        server, url = await stack.enter_async_context(start)
        at_rest = await idle(server)
        how: dict[str, Any] = {"server": server, "with_tool": WITH_TOOL, "apart": APART_SECONDS}
        caller = Caller(noise=NOISE_DB)
        await measure(url, caller, warm_up(), 1, **how)
        calls = given.calls or CALLS[style]
        return await measure(url, caller, everyday(), calls, **how), at_rest


async def rounds(style: str, given: argparse.Namespace) -> dict[str, list[tuple[Load, tuple[float, float]]]]:
    """Every system, each round in turn."""
    wanted = given.systems or [*SYSTEMS, *([FLOOR] if style == "realtime" else [])]
    seen: dict[str, list[tuple[Load, tuple[float, float]]]] = {system: [] for system in wanted}
    for _ in range(given.rounds):
        for system in wanted:
            seen[system].append(await one(system, style, given))
    return seen


def row(system: str, seen: Sequence[tuple[Load, tuple[float, float]]]) -> dict[str, Any]:
    """The medians of all rounds."""
    loads = [load for load, _ in seen]
    answers = [figure for load in loads for figure in load.figures.answers]
    cuts = [figure for load in loads for figure in load.figures.barge_ins]
    return {
        "system": system,
        "cpu_a_call": round(statistics.median(load.core_share or 0.0 for load in loads), 4),
        "answer_p50": round(percentile(answers, 0.5) or 0),
        "answer_p95": round(percentile(answers, 0.95) or 0),
        "barge_in_p50": round(percentile(cuts, 0.5) or 0),
        "gaps": sum(len(load.figures.gaps) for load in loads),
        "failures": sum(len(load.figures.failures) for load in loads),
        "memory_mb_a_call": round(statistics.median(load.memory_mb or 0.0 for load in loads), 2),
        "idle_core": round(statistics.median(rest[0] for _, rest in seen), 4),
        "idle_mb": round(statistics.median(rest[1] for _, rest in seen), 1),
        "callers_late_ms": max(load.figures.late_ms for load in loads),
        "rounds": len(loads),
    }


def show(console: Console, style: str, calls: int, found: list[dict[str, Any]]) -> None:
    """One table, with the conditions over it."""
    console.print(f"[bold]{style}, {calls} calls at once on one core[/]: {CONDITIONS}")
    reference = next((each["cpu_a_call"] for each in found if each["system"] == SYSTEMS[0]), None)
    table = Table("", *(each["system"] for each in found))
    for name in tuple(found[0])[1:]:
        shares = name in ("cpu_a_call", "idle_core")
        values = (f"{each[name]:.2%}" if shares else str(each[name]) for each in found)
        table.add_row(name.replace("_", " "), *values)
    if reference:
        table.add_row("of hand-written", *(f"{each['cpu_a_call'] / reference:.2f}" for each in found))
    console.print(table)


def main() -> None:
    """Measure, print, and keep."""
    logger.remove()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", choices=tuple(CALLS))
    parser.add_argument("--calls", type=int)
    parser.add_argument("--systems", nargs="*", choices=(*SYSTEMS, FLOOR))
    parser.add_argument("--profile", default="realistic", choices=("zero", "realistic"))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("options", nargs="*", help="agentrun's own, after --")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {0} or {0})
    results = HERE / "results" / "cost.json"
    results.parent.mkdir(exist_ok=True)
    console, kept = Console(), json.loads(results.read_text()) if results.exists() else {}
    for style in (given.style,) if given.style else CALLS:
        seen = asyncio.run(rounds(style, given))
        found = [row(system, loads) for system, loads in seen.items()]
        show(console, style, given.calls or CALLS[style], found)
        kept[style] = {"calls": given.calls or CALLS[style], "profile": given.profile, "systems": found}
        results.write_text(json.dumps({**kept, "conditions": CONDITIONS}, indent=1) + "\n")


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
