"""What a tool that sleeps in ``time.sleep`` on one call costs the answers on another call.

``python benchmarks/blocking_tool.py [ROUNDS] [TURNS]``: in each round (4), TURNS (8) questions on one call
while nobody else calls, then as many while another call's tool sleeps for 30 s; prints the answers' times.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from loguru import logger
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall
from agentrun.simulate.engines.scripted import ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer

QUESTION = Path(__file__).parents[1] / "tests" / "corpus" / "13_ambiguous.wav"
PLUGIN = '''
import time
from agentrun import hookimpl, tool

@tool(timeout=60)
def sleep_long() -> str:
    """Sleep."""
    time.sleep(30)
    return "slept"

@hookimpl
def agentrun_tools():
    return [sleep_long]
'''
SPEC = """
name: {name}
transport: twilio
prompts: {{system: You answer., greeting: {{say: Hello.}}}}
tools: [sleeper]
"""


class Brain:
    """Has the agent ``sleepy`` call its tool, and any other answer."""

    async def answer(self, conversation: Conversation) -> Answer:
        """Words, or a call of the tool that sleeps."""
        if conversation.agent == "sleepy":
            return Answer(calls=(ToolCall("sleep_long"),))
        return Answer("We are open from six to eleven.")


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """Two agents: one that answers, and one whose tool sleeps."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "sleeper.py").write_text(PLUGIN)
    specs = []
    async with contextlib.AsyncExitStack() as stack:
        hearing = ScriptedHearing(["When are you open?"])
        openai = await stack.enter_async_context(OpenAIServer(hearing, ToneVoice(), Brain()))
        for name in ("quick", "sleepy"):
            path = folder / f"{name}.yaml"
            url = f"pipeline: {{llm: {{model: openai/gpt-4o, base_url: '{openai.url_for(name)}'}}}}\n"
            path.write_text(SPEC.format(name=name) + url)
            specs.append(path)
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        server = await stack.enter_async_context(
            running_server(specs, environ, Options(port=0, insecure=True))
        )
        yield server.url


async def answers(url: str, turns: int) -> list[float]:
    """Milliseconds from the caller's last word to the first sound of each answer."""
    found = []
    async with Caller().call(f"{url}/quick") as call:
        await call.hear_greeting(silence=0.6)
        for _ in range(turns):
            await call.say(QUESTION)
            found.append((await call.hear_answer(silence=0.8)).first_sound_ms)
    return found


async def measure(rounds: int, turns: int) -> tuple[list[float], list[float]]:
    """All answers without and with a tool that sleeps on another call."""
    alone: list[float] = []
    beside: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as progress:
        bar = progress.add_task("calling", total=rounds * 2)
        async with serving(Path(folder)) as url:
            await answers(url, 1)
            for _ in range(rounds):
                alone += await answers(url, turns)
                progress.advance(bar)
                async with Caller().call(f"{url}/sleepy") as other:
                    await other.hear_greeting(silence=0.6)
                    await other.say(QUESTION)
                    beside += await answers(url, turns)
                progress.advance(bar)
    return alone, beside


def main() -> None:
    """Print both, and what the second has more."""
    logger.remove()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    alone, beside = asyncio.run(measure(rounds, turns))
    table = Table("answers, ms", "median", "p95", "number")
    tails = []
    for name, found in (("alone", alone), ("beside a tool that sleeps", beside)):
        tails.append(statistics.quantiles(found, n=20)[18])
        table.add_row(name, f"{statistics.median(found):.0f}", f"{tails[-1]:.0f}", str(len(found)))
    Console().print(table)
    Console().print(f"p95 grows by {tails[1] - tails[0]:.0f} ms")


if __name__ == "__main__":
    main()
