"""What many short calls leave behind in a server: memory, threads and descriptors, before and after.

``python benchmarks/soak.py [CALLS] [MINUTES]``: CALLS (200) spread over MINUTES (10) against one server with
the packaged stand-in, each with a greeting, a question and its answer; prints a table.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from loguru import logger
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError

ROOT = Path(__file__).parents[1]
QUESTION = ROOT / "tests" / "corpus" / "02_mens_scores.wav"
WARM_UP = 10
AT_ONCE = 4
QUARTERS = 4


def state(process: int) -> dict[str, float]:
    """What the server's process holds."""
    folder = Path(f"/proc/{process}")
    pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
    return {
        "memory, MB": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "threads": sum(1 for _ in (folder / "task").iterdir()),
        "descriptors": sum(1 for _ in (folder / "fd").iterdir()),
    }


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, int]]:
    """A server of its own process: the agent's address, and the process."""
    command = ("-m", "agentrun", "serve", "agents/ncaa.yaml", "--offline", "--port", "0", "--records", "none")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        url = ""
        while not url:
            words = (await process.stdout.readline()).decode().split()
            url = next((word for word in words if "/twilio/voice" in word), "")
        yield url.removesuffix("/twilio/voice"), process.pid
    finally:
        process.terminate()
        await process.wait()


async def one(caller: Caller, url: str, faults: list[str]) -> None:
    """A call as callers have it; what goes wrong is noted."""
    try:
        async with caller.call(url) as call:
            await call.hear_greeting(timeout=30, silence=0.6)
            await call.say(QUESTION)
            await call.hear_answer(timeout=30, silence=0.8)
    except (NoAnswerError, CallOverError) as error:
        faults.append(type(error).__name__)


async def soak(calls: int, seconds: float) -> tuple[list[dict[str, float]], list[str]]:
    """The state after a warm-up and after each quarter of the calls, and the faults."""
    faults: list[str] = []
    async with serving() as (url, process):
        caller = Caller()
        # as many at once as will be up later: OpenBLAS keeps 34 MB for each thread that has ever multiplied
        await asyncio.gather(*(one(caller, url, faults) for _ in range(AT_ONCE)))
        for _ in range(WARM_UP):
            await one(caller, url, faults)
        await asyncio.sleep(3)
        states, began, going = [state(process)], time.monotonic(), set()
        with Progress(transient=True) as progress:
            bar = progress.add_task("calling", total=calls)
            for number in range(calls):
                await asyncio.sleep(max(0.0, began + number * seconds / calls - time.monotonic()))
                task = asyncio.create_task(one(caller, url, faults))
                going.add(task)
                task.add_done_callback(going.discard)
                progress.advance(bar)
                if (number + 1) % max(1, calls // QUARTERS) == 0:
                    await asyncio.gather(*going)
                    await asyncio.sleep(5)
                    states.append(state(process))
        return states, faults


def main() -> None:
    """Print what was before and after."""
    logger.remove()
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    states, faults = asyncio.run(soak(calls, minutes * 60))
    after = [f"after {calls * quarter // QUARTERS}" for quarter in range(1, len(states))]
    table = Table(f"{calls} calls in {minutes:g} min, {len(faults)} without an answer", "before", *after)
    for name in states[0]:
        table.add_row(name, *(str(each[name]) for each in states))
    Console().print(table)


if __name__ == "__main__":
    main()
