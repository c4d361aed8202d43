"""An answer that a lost connection broke off: what was heard of it is recorded and remembered, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records.invariants import violations
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.quick import QuickCall, quick_call

LONG = Answer("We are open from six to eleven, and we are closed on Mondays and on Tuesdays. Come in soon!")
TOLD = Answer("Sorry, we were cut off. Please say that again.")
NEVER = 10**9


@pytest.mark.parametrize("kind", ["drop", "close"])
def test_a_half_answer_stays_when_the_realtime_socket_is_lost(tmp_path: Path, kind: str) -> None:
    async def talk() -> QuickCall:
        lost = Fault(kind, times=1, after=NEVER)  # type: ignore[arg-type]
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "realtime", [], [LONG, TOLD]), resources=resources, faults={"realtime": lost}
            ) as call,
        ):
            call.openai.conditions.faults["responses"] = Fault("stall", times=1, after=48_000)
            await call.say("When are you open?")
            await call.until(lambda: call.speaking)
            await asyncio.sleep(0.5)
            lost.after = 0
            await call.transport.hear(bytes(640))
            await call.said(TOLD.text)
        return call

    call = virtual_time.run(talk())
    hello, half, told = [entry for entry in call.record.transcript if entry.who == "agent"]
    assert (hello.text, told.text) == ("Hello.", TOLD.text)
    assert half.text
    assert LONG.text.startswith(half.text)
    assert len(half.text) < len(LONG.text)
    assert (half.interrupted, half.cut_by) == (True, "provider")
    assert violations(call.record.as_json()) == []
    messages = call.session.parts.pipeline.context.get_messages()
    said = [m["content"] for m in messages if isinstance(m, dict) and m["role"] == "assistant"]
    assert said == ["Hello.", half.text, TOLD.text]
    silent = [error for error in call.record.errors if "went silent" in error]
    assert len(silent) == 1
