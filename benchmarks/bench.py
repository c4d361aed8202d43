"""agentrun beside a bot that was written by hand, on the same calls, in one go and alternating.

``python benchmarks/bench.py [RUNS] [--style cascaded|realtime] [--profile zero|realistic]
[--rates telephone|default]``: both answer RUNS (5) calls in turn, after one that is not counted, each with a
greeting, two short questions, one that needs a tool, and a barge-in. Prints medians and ratios; writes
``results/bench.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import httpx
from contest import HERE, SHORT, SILENCE_MS, SYSTEMS, WITH_TOOL, Rates, contestant, script, standin
from loguru import logger
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agentrun.records.percentile import percentile
from agentrun.simulate.bench.load import Figures
from agentrun.simulate.bench.process import Server
from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.run_call import run_call

PROBE_SECONDS = 1.5
STYLES = ("cascaded", "realtime")
CONDITIONS = f"one call at a time, of {SHORT}, the last one cut by a barge-in; silent lines"


@dataclass
class Seen:
    """What was measured of one system."""

    figures: Figures = field(default_factory=Figures)
    first_greeting: float = float("nan")
    cpu_per_call: list[float] = field(default_factory=list)
    blocked: list[float] = field(default_factory=list)


async def one_call(server: Server, url: str, seen: Seen, *, counted: bool) -> None:
    """A call, and the processor time that it took."""
    before = server.usage()
    report = await run_call(url, Caller(), script(interrupted=True))
    after = server.usage()
    if not counted:
        seen.first_greeting = report.greeting_ms or float("nan")
        return
    seen.figures.add(report, WITH_TOOL)
    if before and after:
        seen.cpu_per_call.append(after.cpu_seconds - before.cpu_seconds)


async def blocked_ms(url: str) -> float:
    """The longest wait for a trivial answer while a call begins."""
    longest, health = 0.0, "/".join(url.split("/")[:3]) + "/health"
    async with httpx.AsyncClient() as client, Caller().call(url) as call:
        until = time.perf_counter() + PROBE_SECONDS
        while (asked := time.perf_counter()) < until:
            await client.get(health)
            longest = max(longest, time.perf_counter() - asked)
            await asyncio.sleep(0.002)
        await call.hang_up()
    return longest * 1000


async def compare(style: str, profile: str, runs: int, rates: Rates) -> dict[str, Seen]:
    """Both systems in turn."""
    seen = {system: Seen() for system in SYSTEMS}
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environ = await stack.enter_async_context(standin(profile))
        up = {}
        for system in SYSTEMS:
            start = contestant(system, style, profile, environ, folder, rates=rates)
            up[system] = await stack.enter_async_context(start)
        progress = stack.enter_context(Progress(transient=True))
        bar = progress.add_task(f"{style}, {profile}", total=(runs + 1) * 2)
        for run in range(runs + 1):
            for system in SYSTEMS:
                await one_call(*up[system], seen[system], counted=run > 0)
                progress.advance(bar)
        for _ in range(runs):
            for system in SYSTEMS:
                seen[system].blocked.append(await blocked_ms(up[system][1]))
    return seen


def measures(seen: Seen) -> Iterator[tuple[str, float]]:
    """Each measure of one system with its value."""
    figures = seen.figures

    def of(values: list[float], part: float = 0.5) -> float:
        found = percentile(values, part)
        return float("nan") if found is None else found

    yield "greeting, first call", seen.first_greeting
    yield "greeting", of(figures.greetings)
    yield "answer", of(figures.answers)
    yield "answer, p95", of(figures.answers, 0.95)
    yield "answer with tool", of(figures.with_tool)
    yield "barge-in", of(figures.barge_ins)
    yield "blocked loop, start of a call", of(seen.blocked)
    yield "CPU s a call", statistics.median(seen.cpu_per_call or [float("nan")])


def rows(style: str, profile: str, seen: dict[str, Seen]) -> Iterator[dict[str, Any]]:
    """Each measure with the value of both and their ratio."""
    for (measure, theirs), (_, ours) in zip(*(measures(seen[system]) for system in SYSTEMS), strict=True):
        figures = {"handwritten": round(theirs, 2), "agentrun": round(ours, 2)}
        yield {
            "style": style,
            "profile": profile,
            "measure": measure,
            **figures,
            "ratio": round(ours / theirs, 3),
        }


def show(kept: list[dict[str, Any]]) -> None:
    """One table of everything, with the conditions over it."""
    table = Table("style", "profile", "ms, median", "hand-written", "agentrun", "ratio")
    for row in kept:
        digits = 2 if row["measure"].startswith("CPU") else 0
        values = (f"{row[system]:.{digits}f}" for system in SYSTEMS)
        table.add_row(row["style"], row["profile"], row["measure"], *values, f"{row['ratio']:.2f}")
    Console().print(CONDITIONS, table)


def main() -> None:
    """Measure, print, and keep."""
    logger.remove()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=5)
    parser.add_argument("--style", choices=STYLES)
    parser.add_argument("--profile", choices=tuple(SILENCE_MS))
    parser.add_argument("--rates", choices=get_args(Rates), default="telephone")
    given = parser.parse_args()
    kept: list[dict[str, Any]] = []
    for style in (given.style,) if given.style else STYLES:
        for profile in (given.profile,) if given.profile else tuple(SILENCE_MS):
            seen = asyncio.run(compare(style, profile, given.runs, given.rates))
            kept += rows(style, profile, seen)
            for system, each in seen.items():
                if each.figures.failures or each.figures.gaps:
                    print(system, style, profile, each.figures.failures, "gaps:", each.figures.gaps)
    show(kept)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    told = {"conditions": CONDITIONS, "runs": given.runs, "rates": given.rates, "rows": kept}
    (results / "bench.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    main()
