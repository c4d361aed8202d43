"""How many turns of the specs' tests run in a second of one core, after a first run of them.

A turn is one of the caller's, or the agent's greeting: each is a model's answer through the whole pipeline.

``python benchmarks/written_turns.py [RUNS] [PATH] [--json]``: both styles, RUNS times, on a clock that jumps.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

from loguru import logger
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agentrun import spec
from agentrun.testing.running import find_tests, runner
from agentrun.testing.running.find_tests import Case
from agentrun.testing.virtual_time import VirtualTimeLoop

AGENTS = Path(__file__).parents[1] / "agents"


def find(style: str, path: Path) -> list[Case]:
    """Every test of the specs at ``path``, in ``style``."""
    return [
        case
        for one in find_tests.find(path)
        for case in find_tests.cases(spec.load(one, (), style), one.name)
        if case.scenario.depth != "audio"
    ]


async def once(run: runner.Runner, all_cases: list[Case]) -> tuple[int, float, float]:
    """Turns, seconds and seconds of CPU of one run."""
    wall, cpu, turns = time.perf_counter(), time.process_time(), 0
    for case in all_cases:
        outcome = await run(case, "text")
        assert outcome.status == "passed", outcome
        greeted = case.scenario.turns[0].words is not None and outcome.conversation[0].who == "agent"
        turns += outcome.turns + greeted
    return turns, time.perf_counter() - wall, time.process_time() - cpu


async def measure(style: str, runs: int, path: Path) -> list[tuple[int, float, float]]:
    """The runs after one that loads what has to be loaded."""
    found = find(style, path)
    async with runner.running({}) as run:
        await once(run, found)
        return [await once(run, found) for _ in track(range(runs), style, transient=True)]


def main() -> None:
    """Print a row for each style."""
    logger.remove()
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    runs = int(arguments[0]) if arguments else 5
    path = Path(arguments[1]) if len(arguments) > 1 else AGENTS
    table = Table("style", "turns", "turns/s, median", "least", "most", "turns per CPU s, median")
    report = {}
    for style in ("cascaded", "realtime"):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as loop:
            measured = loop.run(measure(style, runs, path))
        rates = sorted(turns / wall for turns, wall, _ in measured)
        cpu = statistics.median(turns / used for turns, _, used in measured)
        middle = statistics.median(rates)
        report[style] = {"turns": measured[0][0], "per_second": rates, "per_cpu_second": cpu}
        cells = (f"{middle:.1f}", f"{rates[0]:.1f}", f"{rates[-1]:.1f}", f"{cpu:.1f}")
        table.add_row(style, str(measured[0][0]), *cells)
    Console().print(table)
    if "--json" in sys.argv:
        Console().print_json(json.dumps(report))


if __name__ == "__main__":
    main()
