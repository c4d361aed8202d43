"""A caller who hangs up while the agent apologises is let go at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, SOUND
from tests.calls.quick import quick_call


@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("fault", [Fault("status", 401), Fault("refuse")])
def test_the_call_is_over_when_the_caller_hangs_up(tmp_path: Path, seconds: float, fault: Fault) -> None:
    async def talk() -> tuple[float, str | None]:
        clock = asyncio.get_running_loop().time
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "cascaded", [], [Answer("Yes.")] * 3),
                resources=resources,
                prompts=PROMPTS.format("{say: Hello.}"),
                apology=SOUND * 4,
            ) as call,
        ):
            call.openai.conditions.faults["chat"] = fault
            await call.say("When are you open?")
            await call.until(call.session.is_over)
            await asyncio.sleep(seconds)
            at = clock()
        assert "I am sorry." not in call.agent_words
        return clock() - at, call.record.ended_by

    took, ended_by = virtual_time.run(talk())
    assert ended_by == "error"
    assert took < 4, "nobody is there, and the call was held all the same"
