"""Those that are compared: how each is started, and what is asked of all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from restaurant import restaurant

from agentrun.simulate.bench.process import Server, started
from agentrun.simulate.caller.script import Script, Utterance
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.caller.sound.speech import Speech
from agentrun.transports.mulaw import RATE

HERE = Path(__file__).parent
CORPUS = HERE.parent / "tests" / "corpus"
SYSTEMS = ("handwritten", "agentrun")
FLOOR = "bridge"
"""What hands the sound on and does nothing else; it has the realtime style alone."""
Rates = Literal["telephone", "default"]
"""What the hand-written bot asks of Pipecat: 8 kHz throughout, or nothing: 16 kHz in and 24 kHz out."""
SILENCE_MS = {"zero": 200, "realistic": 500}
"""What the realtime model waits for at the end of a turn."""
READY_SECONDS = 120.0
"""A server that has not told its address by then is given up, so that none holds up all the others."""
WITH_TOOL = (1,)
"""Which answer of the script needs a tool."""
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
from agentrun import Call, hookimpl

async def get_hours(call: Call) -> dict[str, str]:
    """Look it up."""
    return await look_up(call, "get_hours")

async def get_menu(call: Call) -> dict[str, str]:
    """Look it up."""
    return await look_up(call, "get_menu")

async def look_up(call: Call, what: str) -> dict[str, str]:
    answer = await call.http.get(f"{call.environ['RESTAURANT_URL']}/{what}")
    return answer.json()

@hookimpl
def agentrun_tools():
    return [get_hours, get_menu]
'''


def _said(name: str) -> Utterance:
    """A question of the corpus, with a tenth of a second of silence around its words."""
    whole = speech.from_file(CORPUS / f"{name}.wav")
    first = max(0, int((whole.start - 0.1) * RATE))
    cut = whole.samples[first : int((whole.end + 0.1) * RATE)]
    return Utterance(Speech(cut, whole.start - first / RATE, whole.end - first / RATE), wav=name)


def script(*, interrupted: bool) -> Script:
    """A short question, one that needs a tool, and the short one again, whose answer may be interrupted.

    The interruption begins with a loud sound: an "s" of a telephone is not heard for its first 100 ms.
    """
    short, long, stop = (_said(name) for name in ("13_ambiguous", "03_womens_scores", "09_interrupt_change"))
    return Script((short, long, short), stop if interrupted else None, silence=0.5)


NOISE_DB = -55.0
"""Of full scale: what a caller's line sends while nobody speaks."""
SHORT = "three questions of 2 to 4 s, answers of 3 to 5 s, one over a tool that asks a server over HTTP"
"""What ``script`` is."""
CONDITIONS = (
    "six questions of 2 to 4 s, answers of 3 to 5 s, one over a tool that asks a server over HTTP, the last "
    f"one cut by a barge-in; callers' lines with noise at {NOISE_DB:g} dBFS; provider delays as of a distance"
)


def everyday() -> Script:
    """Six questions, one of which needs a tool, and an interruption of the last answer: see CONDITIONS."""
    names = (
        "13_ambiguous",
        "03_womens_scores",
        "15_hangup",
        "08_interrupt_stop",
        "13_ambiguous",
        "15_hangup",
    )
    return Script(tuple(map(_said, names)), _said("09_interrupt_change"), silence=0.5)


def warm_up() -> Script:
    """One question, so that what is made once has been made."""
    return Script((_said("13_ambiguous"),), silence=0.5)


@contextlib.asynccontextmanager
async def standin(profile: str, cores: frozenset[int] = frozenset()) -> AsyncIterator[dict[str, str]]:
    """A stand-in for OpenAI, and the environment in which it is used."""
    command = [sys.executable, str(HERE / "standin.py"), profile]
    start = started(command, os.environ, cores=cores, within=READY_SECONDS)
    async with start as server, restaurant() as tool_url:
        keys = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": f"{server.url}/v1"}
        yield {**os.environ, **keys, "RESTAURANT_URL": tool_url}


@contextlib.asynccontextmanager
async def contestant(
    system: str,
    style: str,
    profile: str,
    environ: dict[str, str],
    folder: Path,
    *,
    cores: frozenset[int] = frozenset(),
    workers: int = 1,
    rates: Rates = "telephone",
    more: Sequence[str] = (),
) -> AsyncIterator[tuple[Server, str]]:
    """One of those that answer: its process, and the address of its agent; agentrun with ``more`` options."""
    silence = SILENCE_MS[profile]
    if system == FLOOR:
        command = [sys.executable, str(HERE / "bridge.py"), str(silence)]
    elif system == "handwritten":
        command = [sys.executable, str(HERE / "handwritten_bot.py"), style, str(silence), rates]
    else:
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins" / "restaurant.py").write_text(PLUGIN)
        spec = folder / f"{style}.yaml"
        spec.write_text(SPEC.format(style=style, silence=silence))
        records = f"sqlite:///{folder}/calls.sqlite3"
        options = ["--port", "0", "--insecure", "--records", records, "--workers", str(workers), *more]
        command = [sys.executable, "-m", "agentrun", "serve", str(spec), *options]
    async with started(command, environ, cores=cores, within=READY_SECONDS) as server:
        yield server, f"{server.url}/desk/twilio/voice"
