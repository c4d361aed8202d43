"""An agent that hears an answering machine leaves a message after the beep."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import STYLES
from tests.calls.quick import LOUD, calls, quick_call

MESSAGE = "This is the restaurant. Your table is ready."


@pytest.mark.parametrize("style", STYLES)
async def test_a_message_is_left_once_the_machine_is_silent(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    more = f"tools: [{{use: leave_voicemail, message: '{MESSAGE}'}}]\n"
    said = [] if style == "cascaded" else [Answer(MESSAGE)]
    script = [calls("leave_voicemail"), *said]
    async with quick_call(tmp_path, style, [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada. Please leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == MESSAGE
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


async def test_the_model_may_choose_the_words(tmp_path: Path, resources: Resources) -> None:
    script = [calls("leave_voicemail", message="Please call back.")]
    more = "tools: [leave_voicemail]\n"
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("Leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == "Please call back."


async def test_a_machine_that_talks_on_is_waited_for(tmp_path: Path, resources: Resources) -> None:
    script = [calls("leave_voicemail", message="Please call back.")]
    more = "tools: [leave_voicemail]\n"
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada.")
        await call.until(lambda: len(call.brain.asked) == 1)
        for _ in range(3):
            await call.transport.hear(LOUD)
        assert call.record.ended is None
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == "Please call back."
