"""Words of half a minute are heard to their end: a menu, a notice, a refusal, a message."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pipecat.frames.frames import Frame, OutputTransportMessageFrame

from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plugins.builtin import tool_of
from agentrun.simulate.engines.engines import Answer
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, calls, quick_call
from tests.calls.test_on_fault import Company

LONG = " ".join(["one two three four five six seven eight nine ten."] * 20)
"""Some 30 s."""
TIME_IS_UP = "Time is up."


def said(words: str, style: str) -> list[Answer]:
    """A realtime model says by itself what it is asked to say."""
    return [Answer(words)] if style == "realtime" else []


def agent(call: QuickCall) -> list[tuple[str, str]]:
    return [(entry.text, entry.cut_by) for entry in call.record.transcript if entry.who == "agent"]


@pytest.mark.parametrize("style", STYLES)
async def test_keys_are_waited_for_from_the_end_of_the_menu(tmp_path: Path, style: str) -> None:
    async def menu(call: Call, arguments: Mapping[str, Any]) -> str:
        del arguments
        return "got " + await call.collect_digits(LONG, 1, timeout=5.0)

    schema = {"type": "object", "properties": {}}
    tool = Tool("menu", "Reads a menu.", schema, plugin="p", origin="o", run=menu, say="", timeout=90.0)
    script = [calls("menu"), *said(LONG, style), Answer("Thank you.")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [tool], script, resources=resources, control=Company("takes")) as call,
    ):
        await call.say("What can I do here?")
        await call.until(lambda: call.speaking, 10)
        await call.until(lambda: not call.speaking, 60)
        await asyncio.sleep(2)
        await call.press("4")
        await call.said("Thank you.")
        [entry] = [entry for entry in call.record.transcript if entry.who == "tool"]
    assert (entry.status, entry.text) == ("ok", "got 4")


async def test_a_node_that_is_not_to_be_interrupted_is_heard_to_its_end(tmp_path: Path) -> None:
    flow = f"""
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Find out.
      functions: [{{name: choose, transition_only: true, description: They chose., transition_to: law}}]
    law: {{say: "{LONG}", interruptions: false, then: next}}
    next: {{task_messages: Go on.}}
"""
    script = [calls("choose"), Answer("And now?"), Answer("Well.")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], script, resources=resources, more=flow) as call,
    ):
        await call.say("The law.")
        await call.until(lambda: LONG[:40] in " ".join(call.voice.spoken), 10)
        await call.until(lambda: call.speaking, 10)
        await asyncio.sleep(20)
        await call.say("But wait a moment please!")
        await call.until(lambda: not call.speaking, 60)
        await call.said("And now?")
        heard = agent(call)
    [notice] = [cut for text, cut in heard if text.startswith("one two three")]
    assert notice == ""


async def test_a_refusal_is_heard_to_its_end(tmp_path: Path) -> None:
    more = f"""
vars: {{plan: blocked}}
before_call:
  choose:
    - {{when: {{plan: blocked}}, refuse: "{LONG}"}}
"""
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, more=more, greeted=False) as call,
    ):
        await call.until(lambda: call.record.ended_by and call.session.parts.worker.has_finished(), 60)
        heard = agent(call)
    assert heard == [(LONG, "")]


@pytest.mark.parametrize("style", STYLES)
async def test_the_goodbye_of_the_longest_call_does_not_wait_for_the_end_of_an_answer(
    tmp_path: Path, style: str
) -> None:
    limits = [
        ("limits.max_duration", "8s"),
        ("limits.warn_before", "0s"),
        ("limits.goodbye", TIME_IS_UP),
    ]
    script = [Answer(LONG), *said(TIME_IS_UP, style)]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [], script, resources=resources, overrides=limits) as call,
    ):
        await call.say("Tell me a story.")
        await call.until(lambda: call.record.ended_by and call.session.parts.worker.has_finished(), 60)
        heard = agent(call)
    (_, cut), last = heard[-2:]
    assert (cut, last) == ("agent", (TIME_IS_UP, ""))


@pytest.mark.parametrize("style", STYLES)
async def test_a_message_is_left_to_its_end(tmp_path: Path, style: str) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use="leave_voicemail"))] if found]
    message = f"{LONG} {LONG[: len(LONG) // 2]}"
    script = [calls("leave_voicemail", message=message), *said(message, style)]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [tool], script, resources=resources) as call,
    ):
        await call.say("You have reached the machine.")
        await call.until(lambda: call.record.ended_by and call.session.parts.worker.has_finished(), 90)
        heard = agent(call)
        [entry] = [entry for entry in call.record.transcript if entry.who == "tool"]
    assert heard[-1] == (message.strip(), "")
    assert entry.status == "ok"


async def test_a_caller_who_interrupts_on_a_slow_line_is_no_fault_of_the_tool(tmp_path: Path) -> None:
    class Far(Company):
        def mark(self) -> tuple[Frame, asyncio.Event]:
            played = asyncio.Event()
            asyncio.get_running_loop().call_later(0.4, played.set)
            return OutputTransportMessageFrame({}), played

    [tool] = [found for found, _ in [tool_of(ToolUse(use="hang_up"))] if found]
    script = [calls("hang_up", goodbye=LONG), Answer("Yes?")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [tool], script, resources=resources, control=Far("takes")) as call,
    ):
        await call.say("Goodbye.")
        await call.until(lambda: call.speaking, 10)
        await asyncio.sleep(2)
        await call.say("No, wait.")
        await call.said("Yes?")
        errors, [entry] = list(call.record.errors), [e for e in call.record.transcript if e.who == "tool"]
    assert (errors, entry.status) == ([], "cancelled")
