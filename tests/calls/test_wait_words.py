"""A tool that works in silence: the caller is told that they are not forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session import call_control
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from tests.calls.desk import STYLES
from tests.calls.quick import PROMPTS, calls, quick_call

WAIT = "One moment, please."


@pytest.mark.parametrize("style", STYLES)
async def test_silence_while_a_tool_works_is_broken_by_the_spec_s_words(
    tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_control, "WAIT_WORDS_SECONDS", 0.3)
    free = asyncio.Event()

    @tool(timeout=60)
    async def work() -> str:
        """Work."""
        await free.wait()
        return "It is done."

    fillers = [Answer(WAIT)] * (1 if style == "realtime" else 0)
    answers = [calls("work"), *fillers, Answer("All done.")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [build(work, "desk")], answers, resources=resources) as call,
    ):
        await call.say("Please do it.")
        await call.until(lambda: WAIT in call.voice.spoken)
        free.set()
        await call.said("All done.")


async def test_a_tool_that_leads_the_conversation_is_not_talked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_control, "WAIT_WORDS_SECONDS", 0.1)

    @tool(timeout=60)
    async def listen(call: Call) -> str:
        """Listen for a while."""
        await call.quiet(1.0)
        return "Nobody spoke."

    answers = [calls("listen"), Answer("All done.")]
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [build(listen, "desk")], answers, resources=resources) as call,
    ):
        await call.say("Please do it.")
        await call.said("All done.")
        assert WAIT not in call.voice.spoken


async def test_an_agent_may_keep_silent_while_its_tools_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_control, "WAIT_WORDS_SECONDS", 0.1)

    @tool(timeout=60)
    async def work() -> str:
        """Work."""
        await asyncio.sleep(0.5)
        return "It is done."

    prompts = PROMPTS.replace("apology:", "wait: null, apology:")
    answers = [calls("work"), Answer("All done.")]
    async with (
        Resources() as resources,
        quick_call(
            tmp_path, "cascaded", [build(work, "desk")], answers, resources=resources, prompts=prompts
        ) as call,
    ):
        await call.say("Please do it.")
        await call.said("All done.")
        assert call.voice.spoken[-1] == "All done."
        assert len(call.voice.spoken) == 2
