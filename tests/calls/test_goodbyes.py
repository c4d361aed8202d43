"""A model that says goodbye itself beside its call of ``hang_up``: the caller hears one goodbye."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plugins.builtin import tool_of
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.spec.models.tools.tool_use import ToolUse
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, quick_call

BYE = "Goodbye, Ada, and thank you for your call."


async def after(folder: Path, style: str, said: str, goodbye: str, resources: Resources) -> QuickCall:
    """A call in which the model has said ``said`` and hung up with ``goodbye``."""
    [tool] = [found for found, _ in [tool_of(ToolUse(use="hang_up"))] if found]
    aloud = [Answer(goodbye)] if style == "realtime" else []
    script = [Answer(said, calls=(ToolCall("hang_up", {"goodbye": goodbye}),)), *aloud]
    async with quick_call(folder, style, [tool], script, resources=resources) as call:
        await call.say("That was all.")
        await call.until(lambda: call.record.ended is not None, 60)
    assert call.record.ended_by == "agent"
    return call


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("said", [BYE, "Have a lovely day, bye!"])
async def test_a_goodbye_of_the_model_s_own_is_the_only_one(
    tmp_path: Path, style: str, said: str, resources: Resources
) -> None:
    call = await after(tmp_path, style, said, BYE, resources)
    assert call.agent_words == ["Hello.", said]
    assert not any(entry.interrupted for entry in call.record.transcript)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("said", ["", "Your table is booked for eight."])
async def test_a_goodbye_that_the_model_has_not_said_is_heard(
    tmp_path: Path, style: str, said: str, resources: Resources
) -> None:
    call = await after(tmp_path, style, said, BYE, resources)
    assert " ".join(call.agent_words) == " ".join(filter(None, ["Hello.", said, BYE]))


async def test_a_goodbye_of_an_earlier_answer_is_not_this_one_s(tmp_path: Path, resources: Resources) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use="hang_up"))] if found]
    script = [Answer("Have a nice day!"), Answer(calls=(ToolCall("hang_up", {"goodbye": BYE}),))]
    async with quick_call(tmp_path, "cascaded", [tool], script, resources=resources) as call:
        await call.say("Thanks.")
        await call.said("Have a nice day!")
        await call.say("Bye.")
        await call.until(lambda: call.record.ended is not None, 60)
    assert call.agent_words == ["Hello.", "Have a nice day!", BYE]
