"""Plays one cell of the fault table, on the clock that jumps."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault, Route
from agentrun.simulate.openai import OpenAIServer
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
ASK_AGAIN_SECONDS = 1.0
"""How long the agent has been silent when the caller asks once more."""
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
    second = OpenAIServer(ScriptedHearing(["Yes."]), ToneVoice(), ScriptedBrain([*hello, SENTENCES, MORE]))
    if row.fault and row.fallback == "broken":
        second.conditions.faults[row.route or ROUTES[row.part]] = dataclasses.replace(row.fault)
    async with (
        Resources() as resources,
        second,
        quick_call(
            *(folder, "realtime" if row.part == "realtime" else "cascaded", tools),
            [*hello, *answers, *[MORE] * 6],
            resources=resources,
            prompts=PROMPTS.format(greets),
            apology=SOUND,
            detection="silence" if row.is_spoken else "transcription",
            faults=_there(row),
            overrides=_overrides(row, second.base_url),
            greeted=not greeting,
        ) as call,
    ):
        before = 0 if greeting else len(call.agent_words)
        silence = await _observe(call, row)
        over = call.record.ended_by
    said = call.agent_words[before:]
    return Played(said, silence if over in (None, "error") else -1.0, call.record)


def _overrides(row: Row, second: str) -> list[tuple[str, str]]:
    """What the row's spec has that others have not."""
    if row.tls and (row.moment == "greeting" or row.part == "stt"):
        return [(f"pipeline.{SECTIONS[row.part]}.base_url", "https://{address}")]
    if row.streaming:
        return [("pipeline.stt.streaming", "true")]
    if row.fallback:
        service = f'{{{{model: openai/other, base_url: "{second}"}}}}'
        return [(f"pipeline.{SECTIONS[row.part]}.fallback", service)]
    return []


def _there(row: Row) -> dict[Route, Fault]:
    """The faults that are there when the call begins; a socket's is, and strikes when it is told to."""
    if row.fault is None:
        return {}
    if row.moment == "greeting":
        beside = dict([row.beside] if row.beside else [])
        return {row.route or ROUTES[row.part]: row.fault, **beside}
    if row.route:
        row.fault.after = NEVER
        return {row.route: row.fault}
    return {}


async def _observe(call: QuickCall, row: Row) -> float:
    """Ask, and listen until nothing more comes; gives the longest silence before something was heard."""
    clock = asyncio.get_running_loop().time
    sounds = call.transport._output.sounds
    before = len(sounds) if row.moment != "greeting" else 0
    asked = [clock() if row.moment == "greeting" else await _ask(call, row)]
    while not (call.session.is_over() and call.session.caller_gone.is_set()):
        quiet = clock() - max(asked[-1], sounds[-1][1] if sounds else 0.0)
        if quiet > ASK_AGAIN_SECONDS and len(asked) < row.asks and sounds[-1][0] > asked[-1]:
            asked.append(await _ask(call, row))
        elif quiet > MOST_SILENCE + 3:
            break
        await asyncio.sleep(0.1)
    heard = sounds[before:]
    ends = sorted([*asked, *(end for _, end in heard)])
    silences = [begin - max(end for end in ends if end <= begin) for begin, _ in heard if begin >= ends[0]]
    return max(silences, default=clock() - asked[0])


async def _ask(call: QuickCall, row: Row) -> float:
    """Have the caller ask while the fault is there; when they have."""
    clock = asyncio.get_running_loop().time
    asked = clock()
    halfway = len(QUESTION) // 2 if row.moment == "in mid question" else 0
    if row.fault and row.route:
        row.fault.after = NEVER if halfway else 0
    elif row.fault:
        call.openai.conditions.faults[ROUTES[row.part]] = row.fault
    if row.beside:
        call.openai.conditions.faults[row.beside[0]] = row.beside[1]
    if row.tls:
        pipeline = call.session.parts.pipeline
        service: Any = pipeline.tts if row.part == "tts" else pipeline.llm
        service._client.base_url = str(service._client.base_url).replace("http://", "https://")
    if row.is_spoken:
        for start in range(0, len(QUESTION), 640):
            if row.fault and halfway <= start < halfway + 640:
                row.fault.after = row.fault.after if row.fault.after < NEVER else 0
            await call.transport.hear(QUESTION[start : start + 640])
            await asyncio.sleep(0.02)
        return clock() - 1.0
    await call.say("When are you open?")
    return asked


def shown(played: Played) -> Any:
    """For people who look at a row."""
    record = played.record
    return played.said, round(played.silence, 1), record.ended_by, record.reason, record.errors
