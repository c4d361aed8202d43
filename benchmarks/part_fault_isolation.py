"""What a healthy call hears while other calls of the same process meet the faults of each part.

Every kind of fault of the table of faults that a provider can have, each with a mock server and an agent of
its own; so many of them are called at once, and say something, in the middle of a healthy call's speech. The
first line is of a healthy call beside as many healthy ones.

    python benchmarks/part_fault_isolation.py [--port 29400] [--together 8] [route:fault …]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
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


async def main(port: int, faults: Sequence[str], together: int) -> int:
    """Print a line for each batch of faults; the number of batches with a gap."""
    audible = 0
    async with contextlib.AsyncExitStack() as stack:
        agents = dict([await stack.enter_async_context(agent_at_fault(fault)) for fault in faults])
        runner = web.AppRunner(Provider().app(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port + 1).start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = await stack.enter_async_context(server(port, port + 1, agents))
        async with asyncio.timeout(120):
            while not await is_ready(session, url):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.5)
        names = list(agents)
        batches = [names[start : start + together] for start in range(0, len(names), together)]
        for batch in [["healthy"] * together, *batches]:
            call = await beside(session, url, batch)
            worst = max(call.gaps, default=0.0)
            audible += worst >= BOUND_MS
            print(f"heard {call.heard:5.1f} s, worst gap {worst:6.0f} ms: {', '.join(batch)}", flush=True)
    return audible


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=29400)
    parser.add_argument("--together", type=int, default=8)
    parser.add_argument("faults", nargs="*", default=FAULTS)
    asked = parser.parse_args()
    sys.exit(1 if asyncio.run(main(asked.port, asked.faults, asked.together)) else 0)
