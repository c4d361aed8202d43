"""What a healthy call hears while other calls of the same process meet the faults of each part.

Every kind of fault of the table of faults that a provider can have, each with a mock server and an agent of
its own; so many of them are called at once, and say something, in the middle of a healthy call's speech.

The machine's own gaps are the yardstick: before each batch of faults as many healthy calls are made at once.
Where already those leave a gap, or callers that are themselves late, nothing can be said of the batch: it is
tried again, ``--tries`` times at the most, and then it is told as not measured. The server has one core, and
the callers and the mock servers have the others.

    python benchmarks/part_fault_isolation.py [--together 4] [--tries 4] [--json FILE] [route:fault …]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import numpy as np
from aiohttp import web
from fault_isolation import BOUND_MS, Caller, Provider, is_ready, server

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import parse
from agentrun.simulate.openai import OpenAIServer
from agentrun.transports import mulaw

_HTTP = ("401", "429", "500", "hang", "empty", "html", "json", "malformed", "late@9", "trickle", "refuse")
FAULTS = (
    *(f"transcriptions:{fault}" for fault in (*_HTTP, "cut")),
    *(f"chat:{fault}" for fault in (*_HTTP, "cut@6", "stall@4")),
    *(f"speech:{fault}" for fault in (*_HTTP, "cut@4800", "stall@24000")),
    *(f"realtime:{fault}" for fault in ("401", "500", "refuse", "handshake", "hang", "unset", "deaf")),
    *(f"realtime:{fault}@60" for fault in ("error", "malformed", "close", "drop")),
    *(
        f"responses:{fault}"
        for fault in ("429", "hang", "empty", "late@9", "trickle", "cut@9600", "stall@9600")
    ),
)
SERVER_CORES = {max(os.sched_getaffinity(0))}
SPEECH, LEAST_HEARD = 16.5, 14.5
"""What a healthy caller hears in seconds, and what is less is counted as a gap."""
QUESTION = Path(__file__).parents[1] / "tests" / "corpus" / "04_team_duke.wav"
ANSWER = Answer("We are open from six to eleven. We are closed on Mondays.")
SPEC = """
name: {name}
transport: twilio
pipeline:
  style: {style}
  stt: {{model: openai/gpt-4o-transcribe, base_url: "{url}"}}
  llm: {{model: openai/gpt-4o, base_url: "{url}"}}
  tts: {{model: openai/gpt-4o-mini-tts, voice: coral, base_url: "{url}"}}
  realtime: {{model: openai/gpt-4o-realtime-preview, base_url: "{url}"}}
prompts: {{system: "You are {name}.", greeting: Say hello.}}
"""


def question() -> Iterator[bytes]:
    """3 s of silence, for the greeting, and a question, in a telephone's mu-law of 20 ms."""
    sound = np.frombuffer(QUESTION.read_bytes()[44:], "<i2")[::2].astype("<i2").tobytes()
    code = b"\xff" * 24_000 + mulaw.encode_pcm(sound)
    return (code[start : start + 160].ljust(160, b"\xff") for start in range(0, len(code), 160))


@asynccontextmanager
async def agent_at_fault(fault: str) -> AsyncIterator[tuple[str, str]]:
    """A mock server with ``fault`` while the block runs; the name and the spec of an agent that uses it."""
    route, what = parse(fault)
    name = re.sub(r"\W", "-", fault)
    style = "realtime" if route in ("realtime", "responses") else "cascaded"
    brain = ScriptedBrain([Answer("Hello."), *[ANSWER] * 20])
    async with OpenAIServer(ScriptedHearing(["When are you open?"] * 20), ToneVoice(), brain) as mock:
        mock.conditions.faults[route] = what
        yield name, SPEC.format(name=name, style=style, url=mock.base_url)


async def beside(session: aiohttp.ClientSession, url: str, agents: Sequence[str]) -> Caller:
    """A healthy call, and one to each of ``agents`` in the middle of its speech."""
    healthy = Caller(session, f"{url}/healthy")
    await healthy.dial()
    await asyncio.sleep(2)
    others = [Caller(session, f"{url}/{agent}", question()) for agent in agents]
    for other in others:
        await other.dial()
        await asyncio.sleep(0.1)
    await asyncio.sleep(15)
    for caller in (*others, healthy):
        await caller.hang_up()
    return healthy


@dataclass
class Trial:
    """A batch, and the healthy calls before it; in milliseconds. ``load`` is the machine's, of one minute."""

    faults: list[str]
    gap: float
    healthy_gap: float
    late: float
    load: float

    @property
    def is_measured(self) -> bool:
        """Whether the machine itself left no gap."""
        return self.healthy_gap < BOUND_MS and self.late < BOUND_MS

    def line(self) -> str:
        """For a reader."""
        verdict = "not measured" if not self.is_measured else "gap" if self.gap >= BOUND_MS else "none"
        gaps = f"{self.gap:5.0f} ms, beside healthy ones {self.healthy_gap:5.0f} ms"
        return f"{verdict:12} worst {gaps}, callers late {self.late:4.0f} ms: {', '.join(self.faults)}"


async def lateness(worst: list[float]) -> None:
    """How late this process itself is, in milliseconds, until it is cancelled."""
    while True:
        due = time.monotonic() + 0.02
        await asyncio.sleep(0.02)
        worst[0] = max(worst[0], (time.monotonic() - due) * 1000)


async def trial(
    session: aiohttp.ClientSession, url: str, agents: Mapping[str, str], faults: list[str]
) -> Trial:
    """One batch, and its yardstick."""
    worst, gaps = [0.0], []
    watch = asyncio.create_task(lateness(worst))
    for names in (["healthy"] * len(faults), [agents[fault] for fault in faults]):
        caller = await beside(session, url, names)
        if caller.heard < LEAST_HEARD:
            caller.gaps.append((SPEECH - caller.heard) * 1000)
        gaps.append(max(caller.gaps, default=0.0))
        await asyncio.sleep(2)
    watch.cancel()
    return Trial(faults, round(gaps[1]), round(gaps[0]), round(worst[0]), os.getloadavg()[0])


async def measured(
    session: aiohttp.ClientSession, url: str, agents: Mapping[str, str], faults: list[str], tries: int
) -> Trial:
    """The first trial that says something, or the last one."""
    result = await trial(session, url, agents, faults)
    for _ in range(tries - 1):
        if result.is_measured:
            break
        print(result.line(), flush=True)
        result = await trial(session, url, agents, faults)
    print(result.line(), flush=True)
    return result


async def main(port: int, faults: Sequence[str], together: int, tries: int) -> list[Trial]:
    """Print a line for each batch of faults."""
    async with contextlib.AsyncExitStack() as stack:
        entered = [await stack.enter_async_context(agent_at_fault(fault)) for fault in faults]
        agents = {fault: name for fault, (name, _) in zip(faults, entered, strict=True)}
        runner = web.AppRunner(Provider().app(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port + 1).start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        with pinned(SERVER_CORES):
            url = await stack.enter_async_context(server(port, port + 1, dict(entered)))
        async with asyncio.timeout(180):
            while not await is_ready(session, url):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.5)
        batches = [list(faults[start : start + together]) for start in range(0, len(faults), together)]
        return [await measured(session, url, agents, batch, tries) for batch in batches]


@contextlib.contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Have processes that begin in the block run on ``cores``, and this one on the others from then on."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, every - cores or every)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=29400)
    parser.add_argument("--together", type=int, default=4)
    parser.add_argument("--tries", type=int, default=4)
    parser.add_argument("--json", type=Path)
    parser.add_argument("faults", nargs="*", default=FAULTS)
    asked = parser.parse_args()
    trials = asyncio.run(main(asked.port, asked.faults, asked.together, asked.tries))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(each) for each in trials], indent=1) + "\n")
    sys.exit(1 if any(not each.is_measured or each.gap >= BOUND_MS for each in trials) else 0)
