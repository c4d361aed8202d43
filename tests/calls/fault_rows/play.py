"""Plays one cell of the fault table, on the clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault, Route
from agentrun.testing import virtual_time
from agentrun.tools.build import build
from tests.calls.desk import CORPUS
from tests.calls.fault_rows import tool
from tests.calls.fault_rows.row import APOLOGY, MOST_SILENCE, REPEAT, ROUTES, WAIT, Part, Row
from tests.calls.quick import QuickCall, calls, quick_call

PROMPTS = (
    "prompts: {{system: You answer for a restaurant., greeting: {}, "
    f"apology: {APOLOGY}, repeat: '{REPEAT}', wait: '{WAIT}'}}}}"
)
SENTENCES = Answer("We are open from six to eleven. We are closed on Mondays.")
MORE = Answer("And that is all of it.")
QUESTION = (CORPUS / "04_team_duke.wav").read_bytes()[44:] + bytes(16_000 * 2)
"""A question at 16 kHz, and a second of silence."""
SOUND = (np.sin(np.arange(24_000) * 0.1) * 9_000).astype("<i2").tobytes()
NEVER = 10**9
SECTIONS: Mapping[Part, str] = {"stt": "stt", "llm": "llm", "tts": "tts", "realtime": "realtime"}


@dataclass(frozen=True)
class Played:
    """What the agent ``said``, the longest ``silence`` before something was heard, and the ``record``."""

    said: list[str]
    silence: float
    record: CallRecord


def play(folder: Path, row: Row) -> Played:
    """The call of one row."""
    return virtual_time.run(_play(folder, row))


async def _play(folder: Path, row: Row) -> Played:
    greeting = row.moment == "greeting"
    greets = "Say hello." if row.part == "llm" and greeting else "{say: Hello.}"
    hello = [Answer("Hello.")] if row.part == "llm" and greeting else []
    tools = [build(tool.function_of(row), "desk")] if row.part == "tool" else []
    answers = [calls(tools[0].name)] if tools else [SENTENCES]
    tls = [(f"pipeline.{SECTIONS[row.part]}.base_url", "https://{address}")] if row.tls else []
    async with (
        Resources() as resources,
        quick_call(
            *(folder, "realtime" if row.part == "realtime" else "cascaded", tools),
            [*hello, *answers, *[MORE] * 6],
            resources=resources,
            prompts=PROMPTS.format(greets),
            apology=SOUND,
            detection="silence" if row.part == "stt" else "transcription",
            faults=_there(row),
            overrides=tls,
            greeted=not greeting and not (row.tls and row.part in ("tts", "realtime")),
        ) as call,
    ):
        before = 0 if greeting else len(call.agent_words)
        silence = await _observe(call, row)
        over = call.record.ended_by
    said = call.agent_words[before:]
    return Played(said, silence if over in (None, "error") else -1.0, call.record)


def _there(row: Row) -> dict[Route, Fault]:
    """The faults that are there when the call begins; a socket's is, and strikes when it is told to."""
    if row.fault is None:
        return {}
    if row.moment == "greeting":
        return {row.route or ROUTES[row.part]: row.fault}
    if row.route:
        row.fault.after = NEVER
        return {row.route: row.fault}
    return {}


async def _observe(call: QuickCall, row: Row) -> float:
    """Ask, and listen until nothing more comes; gives the longest silence before something was heard."""
    clock = asyncio.get_running_loop().time
    sounds = call.transport._output.sounds
    asked, before = clock(), len(sounds) if row.moment != "greeting" else 0
    if row.moment != "greeting":
        asked = await _ask(call, row)
    while clock() - max(asked, sounds[-1][1] if sounds else asked) < MOST_SILENCE + 3:
        await asyncio.sleep(0.1)
        if call.session._ending.is_set() and call.session._caller_gone.is_set():
            break
    heard = sounds[before:]
    ends = [asked, *(end for _, end in heard)]
    return max((begin - end for (begin, _), end in zip(heard, ends, strict=False)), default=clock() - asked)


async def _ask(call: QuickCall, row: Row) -> float:
    """Have the caller ask while the fault is there; when they have."""
    clock = asyncio.get_running_loop().time
    asked = clock()
    if row.fault and row.route:
        row.fault.after = 0
    elif row.fault:
        call.openai.conditions.faults[ROUTES[row.part]] = row.fault
    if row.part == "stt" or (row.fault and row.fault.kind == "deaf"):
        for start in range(0, len(QUESTION), 640):
            await call.transport.hear(QUESTION[start : start + 640])
            await asyncio.sleep(0.02)
        return clock() - 1.0
    await call.say("When are you open?")
    return asked


def shown(played: Played) -> Any:
    """For people who look at a row."""
    record = played.record
    return played.said, round(played.silence, 1), record.ended_by, record.reason, record.errors
