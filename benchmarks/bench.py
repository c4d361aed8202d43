"""agentrun beside a bot that was written by hand, on the same calls, in one go and alternating.

``python benchmarks/bench.py [RUNS] [--style cascaded|realtime] [--profile zero|realistic]``: both answer RUNS
(5) calls in turn, each with a greeting, a question that needs a tool, and one whose answer is interrupted.
Prints medians and ratios; writes ``benchmarks/results/bench.json`` and ``bench.png``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench_plot import plot
from loguru import logger
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError

HERE = Path(__file__).parent
CORPUS = HERE.parent / "tests" / "corpus"
SHORT, LONG, STOP = (
    CORPUS / f"{name}.wav" for name in ("13_ambiguous", "03_womens_scores", "08_interrupt_stop")
)
SILENCE_MS = {"zero": 200, "realistic": 500}
SYSTEMS = ("handwritten", "agentrun")
MEASURES = ("greeting", "answer", "answer with tool", "barge-in")
SPEC = """
name: desk
transport: twilio
pipeline:
  style: {style}
  realtime: {{model: openai/gpt-realtime, turn_detection: {{type: server, silence: {silence}ms}}}}
  tts: {{model: openai/gpt-4o-mini-tts, voice: ballad}}
prompts: {{system: You answer the telephone of a restaurant., greeting: Say hello.}}
tools: [restaurant]
"""
PLUGIN = '''
from agentrun import hookimpl

async def get_hours() -> dict[str, str]:
    """Look it up."""
    return {"hours": "from six to eleven"}

async def get_menu() -> dict[str, str]:
    """Look it up."""
    return {"hours": "from six to eleven"}

@hookimpl
def agentrun_tools():
    return [get_hours, get_menu]
'''


@dataclass
class Seen:
    """What was measured of one system: ms by measure, and what its process used."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_per_call: float = 0.0
    faults: int = 0


@contextlib.asynccontextmanager
async def running(*command: str, environ: dict[str, str] | None = None) -> AsyncIterator[tuple[str, int]]:
    """A process that prints an address: the address, and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **(environ or {})},
        cwd=HERE.parent,
    )
    assert process.stdout is not None
    try:
        url = ""
        while not url:
            text = await process.stdout.readline()
            if not text:
                raise RuntimeError(f"{' '.join(command)} ended without an address")
            url = next((word for word in text.decode().split() if word.startswith("http://127")), "")
        yield url, process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _commands(system: str, style: str, profile: str, folder: Path) -> list[str]:
    silence = SILENCE_MS[profile]
    if system == "handwritten":
        return [str(HERE / "handwritten_bot.py"), style, str(silence)]
    (folder / "plugins").mkdir()
    (folder / "plugins" / "restaurant.py").write_text(PLUGIN)
    (folder / "desk.yaml").write_text(SPEC.format(style=style, silence=silence))
    return [
        "-m",
        "agentrun",
        "serve",
        str(folder / "desk.yaml"),
        "--port",
        "0",
        "--insecure",
        "--records",
        "none",
    ]


def cpu_seconds(process: int) -> float:
    """What a process and its threads have used of the processor."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def one_call(url: str, seen: Seen) -> None:
    """A call as its caller has it; one that goes wrong is counted."""
    found: dict[str, list[float]] = defaultdict(list)
    try:
        async with Caller().call(url.removesuffix("/twilio/voice")) as call:
            found["greeting"].append((await call.hear_greeting(silence=0.7)).first_sound_ms)
            await call.say(LONG)
            found["answer with tool"].append((await call.hear_answer(silence=0.7)).first_sound_ms)
            await call.say(SHORT)
            cut = await call.barge_in(STOP, after=1.0)
            found["answer"].append(cut.heard.first_sound_ms)
            if cut.cleared_ms is not None:
                found["barge-in"].append(cut.cleared_ms)
            found["answer"].append((await call.hear_answer(silence=0.7)).first_sound_ms)
    except (NoAnswerError, CallOverError):
        seen.faults += 1
        return
    for measure, values in found.items():
        seen.times[measure] += values


async def compare(style: str, profile: str, runs: int) -> dict[str, Seen]:
    """Both systems in turn, after a call of each that isn't counted."""
    seen = {system: Seen() for system in SYSTEMS}
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        openai, _ = await stack.enter_async_context(running(str(HERE / "standin.py"), profile))
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai}
        up = {}
        for system in SYSTEMS:
            commands = _commands(system, style, profile, folder)
            up[system] = await stack.enter_async_context(running(*commands, environ=environ))
        with Progress(transient=True) as progress:
            bar = progress.add_task(f"{style}, {profile}", total=(runs + 1) * 2)
            for run in range(runs + 1):
                for system in SYSTEMS:
                    url, process = up[system]
                    before = cpu_seconds(process)
                    await one_call(url, seen[system] if run else Seen())
                    seen[system].cpu_per_call += (cpu_seconds(process) - before) / runs if run else 0.0
                    progress.advance(bar)
    return seen


def rows(seen: dict[str, Seen]) -> Iterator[tuple[str, float, float]]:
    """Each measure with the median of both."""
    for measure in MEASURES:
        medians = [statistics.median(seen[s].times[measure] or [float("nan")]) for s in SYSTEMS]
        yield measure, medians[0], medians[1]


def main() -> None:
    """Measure, print, and keep."""
    logger.remove()
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=int, nargs="?", default=5)
    parser.add_argument("--style", choices=("cascaded", "realtime"))
    parser.add_argument("--profile", choices=tuple(SILENCE_MS))
    given = parser.parse_args()
    table = Table("style", "profile", "ms, median", "hand-written", "agentrun", "ratio", "number")
    kept: list[dict[str, object]] = []
    for style in (given.style,) if given.style else ("cascaded", "realtime"):
        for profile in (given.profile,) if given.profile else tuple(SILENCE_MS):
            seen = asyncio.run(compare(style, profile, given.runs))
            for measure, theirs, ours in rows(seen):
                number = len(seen["agentrun"].times[measure])
                table.add_row(
                    style,
                    profile,
                    measure,
                    f"{theirs:.0f}",
                    f"{ours:.0f}",
                    f"{ours / theirs:.2f}",
                    str(number),
                )
                figures = {"handwritten": theirs, "agentrun": ours, "ratio": round(ours / theirs, 3)}
                kept.append({"style": style, "profile": profile, "measure": measure, **figures})
            cpu = [seen[s].cpu_per_call for s in SYSTEMS]
            table.add_row(
                style,
                profile,
                "CPU s a call",
                *(f"{c:.2f}" for c in cpu),
                f"{cpu[1] / cpu[0]:.2f}",
                str(given.runs),
            )
            faults = {s: seen[s].faults for s in SYSTEMS if seen[s].faults}
            if faults:
                table.add_row(style, profile, f"calls without an answer: {faults}")
    Console().print(table)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "bench.json").write_text(json.dumps({"runs": given.runs, "rows": kept}, indent=1) + "\n")
    plot(kept, results / "bench.png")


if __name__ == "__main__":
    main()
