"""What the end of the longest duration does to what is being said and done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from agentrun.tools.tool import Tool
from tests.calls.quick import QuickCall, calls, quick_call

BYE = "Our time is up, goodbye."
LIMITS = [
    ("limits.max_duration", "6s"),
    ("limits.warn_before", "0s"),
    ("limits.goodbye", BYE),
    ("prompts.wait", "null"),
]
BOOKED = Answer("Your table is booked.")


def test_a_tool_at_work_is_finished_beside_the_goodbye(tmp_path: Path) -> None:
    ending, booked = asyncio.Event(), list[str]()

    async def book(call: Call, arguments: Mapping[str, Any]) -> str:
        del call, arguments
        await ending.wait()
        await asyncio.sleep(0.5)
        booked.append("a table")
        return "booked"

    async def talk() -> QuickCall:
        tool = Tool("book", "Book.", {}, plugin="", origin="", run=book, say="", timeout=90)
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "cascaded", [tool], [calls("book"), BOOKED]),
                resources=resources,
                overrides=LIMITS,
            ) as call,
        ):
            await call.say("A table please.")
            await call.until(lambda: BYE in call.voice.spoken)
            ending.set()
            await call.until(call.session.parts.worker.has_finished, 30)
            return call

    call = virtual_time.run(talk())
    [tool] = [entry for entry in call.record.transcript if entry.who == "tool"]
    assert (tool.status, booked) == ("ok", ["a table"])
    assert BYE in call.agent_words
    assert call.record.reason == "the call reached its longest duration"


def test_a_long_answer_is_dropped_for_the_goodbye(tmp_path: Path) -> None:
    async def talk() -> QuickCall:
        story = Answer("Once upon a time there was a cook. " * 20)
        async with (
            Resources() as resources,
            quick_call(*(tmp_path, "cascaded", [], [story]), resources=resources, overrides=LIMITS) as call,
        ):
            await call.say("Tell me a story.")
            await call.until(call.session.parts.worker.has_finished, 30)
            return call

    call = virtual_time.run(talk())
    assert call.agent_words[-1] == BYE
    [story] = [entry for entry in call.record.transcript if entry.text.startswith("Once")]
    assert story.cut_by == "agent"
