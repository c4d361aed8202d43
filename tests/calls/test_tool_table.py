"""Whatever a tool does, and whenever the caller interrupts: what the model, the caller and the record get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentrun import ToolError
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import LOUD, SILENCE, QuickCall, calls, quick_call

LONG = "All done, and here is the whole long story of it from its start to its end."
SURE = "Sure, go on."
WAIT = "One moment, I am looking that up in the big book for you now."


def refuse() -> None:
    raise ToolError("We are full.")


def cancel() -> None:
    raise asyncio.CancelledError


OUTCOMES: dict[str, tuple[Callable[[], object], str, str]] = {
    "ok": (lambda: {"table": 7}, "ok", '{"table": 7}'),
    "zero": (lambda: 0, "ok", '"0"'),
    "empty": (list, "ok", '"The result is empty: there is nothing to tell."'),
    "error": (lambda: 1 / 0, "failed", '"work failed and gave no result."'),
    "ToolError": (refuse, "refused", '"We are full."'),
    "timeout": (lambda: 1, "timeout", '"work took longer than 0.3 s and was stopped; it gave no result."'),
    "huge": (lambda: "x" * 20_000, "ok", "the whole result has 20000 characters"),
    "non-JSON": (object, "failed", '"work failed and gave no result."'),
    "cancelled": (cancel, "failed", '"work failed and gave no result."'),
    "caller gone": (lambda: "late", "cancelled", ""),
}
"""What the tool does, the status in the record, and (the end of) what the model reads."""
PHASES = ("none", "during the tool", "during say", "after result")


@dataclass(frozen=True)
class Got:
    """``model`` is the tool's last result, ``caller`` what was said last, ``why`` is in the record."""

    status: str
    model: str
    caller: str
    why: str = ""


def expected(outcome: str, phase: str) -> Got:
    _, status, text = OUTCOMES[outcome]
    if outcome == "caller gone":
        if phase == "after result":
            return Got("ok", '"late"', LONG)
        return Got("cancelled", "", WAIT if phase == "during say" else "Hello.", "cancelled: the call ended")
    if phase == "none":
        return Got(status, text, LONG)
    if phase == "after result":
        return Got(status, text, SURE)
    return Got("cancelled", "CANCELLED", SURE, "cancelled: the caller interrupted")


class Work:
    """A tool that says when it works, and ends as ``outcome`` says when it may."""

    def __init__(self, outcome: str, phase: str) -> None:
        self.at_work, self.free = asyncio.Event(), asyncio.Event()
        ends = phase in ("none", "after result")
        slow = outcome == "timeout" or (outcome == "caller gone" and phase == "none")
        if ends and not slow:
            self.free.set()

        @tool(
            timeout=0.3 if ends and outcome == "timeout" else 30,
            say=WAIT if phase == "during say" else None,
            say_after="50ms",
        )
        async def work() -> Any:
            """Work."""
            self.at_work.set()
            await self.free.wait()
            return OUTCOMES[outcome][0]()

        self.tool: Tool = build(work, "desk")


async def play(folder: Path, style: str, outcome: str, phase: str, resources: Resources) -> Got:
    work = Work(outcome, phase)
    folder = folder / f"{outcome} {phase}"
    folder.mkdir()
    fillers = [Answer(WAIT)] if phase == "during say" and style == "realtime" else []
    answers = [calls("work"), *fillers, *([Answer(LONG)] if phase in ("none", "after result") else [])]
    answers.append(Answer(SURE))
    async with quick_call(folder, style, [work.tool], answers, resources=resources) as call:
        await call.say("Please do it.")
        await work.at_work.wait()
        await reach(call, phase)
        if outcome == "caller gone":
            await call.transport.hang_up()
            await call.until(lambda: call.record.ended)
        elif phase == "none":
            await call.said(LONG)
        else:
            await interrupt(call)
            await call.said(SURE)
        results = call.tool_results()
    entries = [entry for entry in call.record.transcript if entry.who == "tool"]
    assert len(entries) == 1, entries
    cancelled = entries[0].status == "cancelled"
    told = results[-1] if results else ""
    return Got(entries[0].status, told, call.voice.spoken[-1], entries[0].text if cancelled else "")


async def interrupt(call: QuickCall) -> None:
    """Speak, at the pace of speech: a realtime server answers once it has heard the silence behind it."""
    if call.style == "realtime":
        await call.transport.hear(LOUD)
        await asyncio.sleep(0.3)
        await call.transport.hear(SILENCE)
    else:
        await call.say("Wait, stop.")


async def reach(call: QuickCall, phase: str) -> None:
    """Wait for the moment at which the caller interrupts."""
    if phase == "during say":
        await call.until(lambda: call.speaking)
    elif phase == "after result":
        await call.until(lambda: call.tool_ended and call.speaking)
    await asyncio.sleep(0.1 if phase in ("during say", "after result") else 0)


def alike(got: Got, wanted: Got) -> bool:
    """Whether these are the same; what the model read is known by its end."""
    read = got.model.rstrip('")').endswith(wanted.model.rstrip('")')) if wanted.model else True
    return read and (got.status, got.caller, got.why) == (wanted.status, wanted.caller, wanted.why)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("style", STYLES)
async def test_the_model_the_caller_and_the_record_get_what_the_table_says(
    tmp_path: Path, style: str, phase: str
) -> None:
    async with Resources() as resources:
        played = await asyncio.gather(
            *(play(tmp_path, style, outcome, phase, resources) for outcome in OUTCOMES)
        )
    got = dict(zip(OUTCOMES, played, strict=True))
    wrong = {
        outcome: (found, expected(outcome, phase))
        for outcome, found in got.items()
        if not alike(found, expected(outcome, phase))
    }
    assert wrong == {}
