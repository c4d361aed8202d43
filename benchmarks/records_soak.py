"""Whether every call leaves exactly one record that holds, among faults, hang-ups and hostile text.

``python benchmarks/records_soak.py [CALLS] [AT_ONCE]``: CALLS (300), AT_ONCE (8) at the same time, against
one server with a scripted model. Faults of the providers, answers that no encoding has a place for, callers
who speak over answers, press keys and hang up at any moment, and a webhook that refuses now and then. Prints
a table, and exits with 1 where a call has no row, or several, a record contradicts itself, a webhook came not
once, or memory grew.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from loguru import logger
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from soak import state
from starlette.requests import Request
from starlette.responses import Response

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.records.invariants import violations
from agentrun.records.store import local_copies
from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall
from agentrun.simulate.engines.scripted import ToneVoice
from agentrun.simulate.faults import Fault, Route
from agentrun.simulate.openai import OpenAIServer

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "corpus"
QUESTIONS = [CORPUS / name for name in ("13_ambiguous.wav", "08_interrupt_stop.wav")]
WARM_UP = 0.3
"""Part of the calls, after which memory is looked at first."""
GROWTH_MB = 60.0
"""What the rest may add: allocators keep some, and 500 records stay in memory."""
SETTLE_SECONDS = 40.0
SENTENCE = "One two three four five six seven eight nine ten."
HOSTILE = ("Well \ud83d then.", "[/x] \x1b[2J now.", "A \x00 here.", "'; DROP TABLE calls; --", "\u202eback.")
FAULTS: dict[Route, tuple[Fault, ...]] = {
    "transcriptions": (Fault("status", 500), Fault("status", 401), Fault("hang")),
    "chat": (Fault("status", 500), Fault("status", 429), Fault("hang"), Fault("cut", after=200)),
    "speech": (Fault("status", 500), Fault("cut", after=9600), Fault("hang")),
}
SPEC = """
name: desk
transport: twilio
pipeline: {style: cascaded}
prompts: {system: You answer., greeting: {say: Good evening.}, apology: I am sorry., goodbye: Goodbye.}
tools: [hostile]
limits: {answer: 4s}
record: {webhook: "${HOOK}"}
"""
PLUGIN = '''
import asyncio, random
from agentrun import ToolError, hookimpl

async def look_up(words: str) -> dict:
    """Look something up.

    Args:
        words: What to look for.
    """
    await asyncio.sleep(random.choice([0.0, 0.2, 1.5]))
    if random.random() < 0.2:
        raise ToolError("No \\ud83d today.")
    return {"found": words, "odd": float("inf"), "half": "\\ud83d"}

@hookimpl
def agentrun_tools():
    return [look_up]
'''


class Hearing:
    """Hears something else each time."""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """Words, hostile or none."""
        del pcm, sample_rate, prompt
        return random.choice(["When are you open?", "Go on.", "", *HOSTILE])  # noqa: S311


class Brain:
    """Says short and long things, hostile ones, and calls a tool."""

    async def answer(self, conversation: Conversation) -> Answer:
        """What chance has it."""
        asked = conversation.messages[-1].get("role") if conversation.messages else ""
        kind = random.random()  # noqa: S311
        if kind < 0.25 and asked != "tool":
            return Answer(calls=(ToolCall("look_up", {"words": random.choice(HOSTILE)}),))  # noqa: S311
        if kind < 0.5:
            return Answer(random.choice(HOSTILE))  # noqa: S311
        return Answer(" ".join([SENTENCE] * random.randint(1, 3)))  # noqa: S311


class Receiver:
    """Takes webhooks, and refuses one in ten."""

    def __init__(self) -> None:
        self.taken: dict[str, Counter[str]] = {}

    async def has(self, calls: int, seconds: float) -> None:
        """Wait until the records of so many calls have come, at most so long."""
        until = time.monotonic() + seconds
        while len(self.taken) < calls and time.monotonic() < until:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.5)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one request, as an ASGI application."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        call = json.loads(await request.body())["id"]
        good = random.random() > 0.1  # noqa: S311
        if good:
            self.taken.setdefault(call, Counter())[request.headers["webhook-id"]] += 1
        await Response(status_code=204 if good else 503)(scope, receive, send)


def kept_in_files(folder: Path) -> int:
    """How many records the store did not take."""
    return len(list(local_copies.folder(f"sqlite:///{folder / 'agentrun-calls.sqlite3'}").glob("*")))


async def behave(call: PhoneCall) -> None:
    """What a caller does until they have had enough."""
    await asyncio.sleep(random.uniform(0.0, 1.5))  # noqa: S311
    for _ in range(random.randint(0, 3)):  # noqa: S311
        call.speak(random.choice(QUESTIONS))  # noqa: S311
        if random.random() < 0.2:  # noqa: S311
            await call.press("12#")
        await asyncio.sleep(random.uniform(0.5, 6.0))  # noqa: S311


async def one(url: str, sids: list[str]) -> None:
    """One call, ended by whoever is first."""
    with contextlib.suppress(CallOverError, NoAnswerError, OSError):
        async with Caller(number=f"+1202555{random.randint(1000, 9999)}").call(url) as call:  # noqa: S311
            sids.append(call.call_sid)
            await behave(call)


@contextlib.asynccontextmanager
async def server(folder: Path, environ: dict[str, str]) -> AsyncIterator[tuple[str, int]]:
    """A server of its own process: the agent's address, and the process."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hostile.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "desk.yaml").write_text(SPEC, encoding="utf-8")
    command = ("-m", "agentrun", "serve", "desk.yaml", "--insecure", "--port", "0")
    with (folder / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=log, cwd=folder, env=environ
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


async def trouble(openai: OpenAIServer) -> None:
    """A provider fails once, now and then, until cancelled."""
    while True:
        await asyncio.sleep(random.uniform(0.2, 2.0))  # noqa: S311
        route = random.choice(list(FAULTS))  # noqa: S311
        fault = random.choice(FAULTS[route])  # noqa: S311
        openai.conditions.faults[route] = Fault(fault.kind, fault.status, 1, fault.after)
        openai.conditions.latency[route] = random.choice([0.0, 0.1, 0.5])  # noqa: S311


async def run(url: str, process: int, calls: int, at_once: int) -> tuple[list[str], list[float]]:
    """The ids of the calls, and the memory after the warm-up and at the end, in MB."""
    sids: list[str] = []
    free, memory = asyncio.Semaphore(at_once), list[float]()

    async def placed() -> None:
        async with free:
            await one(url, sids)

    with Progress(transient=True) as progress:
        bar = progress.add_task("calling", total=calls)
        for part in (round(calls * WARM_UP), calls - round(calls * WARM_UP)):
            for ended in asyncio.as_completed([placed() for _ in range(part)]):
                await ended
                progress.advance(bar)
            await asyncio.sleep(15)
            memory.append(state(process)["memory, MB"])
    return sids, memory


async def soak(calls: int, at_once: int) -> dict[str, Any]:
    """What came of it all."""
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as name, contextlib.closing(bind("127.0.0.1", 0)) as sock:
        folder = Path(name)
        async with serving(receiver, sock), OpenAIServer(Hearing(), ToneVoice(), Brain()) as openai:
            environ = {
                **os.environ,
                "COLUMNS": "200",
                "OPENAI_API_KEY": "none",
                "OPENAI_BASE_URL": openai.base_url,
                "HOOK": f"http://127.0.0.1:{sock.getsockname()[1]}/",
                "AGENTRUN_WEBHOOK_SECRET": f"whsec_{base64.b64encode(bytes(32)).decode()}",
            }
            failing = asyncio.create_task(trouble(openai))
            async with server(folder, environ) as (url, process):
                sids, memory = await run(url, process, calls, at_once)
                failing.cancel()
                await receiver.has(len(sids), SETTLE_SECONDS)
            with Store(f"sqlite:///{folder / 'agentrun-calls.sqlite3'}") as store:
                records = list(store.find(CallQuery()))
            log = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
            unstored = kept_in_files(folder)
    rows = Counter(record["id"] for record in records)
    cuts = [entry["cut_by"] for record in records for entry in record["transcript"] if entry["cut_by"]]
    wrong = {record["id"]: found for record in records if (found := violations(record))}
    return {
        "calls": len(sids),
        "calls without exactly one row": sum(rows[sid] != 1 for sid in sids) + len(set(rows) - set(sids)),
        "records that contradict themselves": len(wrong),
        "webhooks that did not come once": sum(list(receiver.taken.get(s, {}).values()) != [1] for s in sids),
        "records kept in files": unstored,
        "background tasks that died": log.count("the background task"),
        "memory after the warm-up, MB": memory[0],
        "memory at the end, MB": memory[1],
        "ended by": dict(Counter(record["ended_by"] for record in records)),
        "answers that were cut": dict(Counter(cuts)),
        "violations": wrong,
    }


def main() -> None:
    """Print what was found; the exit code says whether it holds."""
    logger.remove()
    random.seed(int(os.environ.get("SEED", "1")))
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    at_once = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    found = asyncio.run(soak(calls, at_once))
    wrong = found.pop("violations")
    table = Table(f"{calls} calls, {at_once} at a time", "")
    for name, value in found.items():
        table.add_row(name, str(value))
    Console().print(table)
    for call, words in wrong.items():
        Console().print(f"{call}: {words}", markup=False)
    zero = ("calls without exactly one row", "records that contradict themselves")
    zero += ("webhooks that did not come once", "records kept in files", "background tasks that died")
    grown = found["memory at the end, MB"] - found["memory after the warm-up, MB"]
    sys.exit(any(found[name] for name in zero) or grown > GROWTH_MB)


if __name__ == "__main__":
    main()
