"""Two calls at once: what happens to the realtime model of one is not heard in the other."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault, Kind
from agentrun.testing import virtual_time
from tests.calls.heard import sounds as heard
from tests.calls.quick import LOUD, QuickCall, quick_call
from tests.calls.test_public_realtime_bugs import LONG, TABLE

KINDS: tuple[Kind, ...] = ("close", "drop", "error", "malformed", "deaf")


def longest_gap(call: QuickCall, since: float) -> float:
    """Between two pieces of sound of one answer, in seconds."""
    sounds = [(began, ended) for began, ended in heard(call) if began >= since]
    return max(later[0] - earlier[1] for earlier, later in itertools.pairwise(sounds))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_fails_beside_it_costs_a_call_nothing(tmp_path: Path, kind: Kind) -> None:
    fault = Fault(kind, times=9, after=1_000_000)
    sick, well = tmp_path / "sick", tmp_path / "well"
    for folder in (sick, well):
        folder.mkdir()

    async def talk() -> tuple[QuickCall, float]:
        async with (
            Resources() as resources,
            quick_call(
                *(sick, "realtime", [], [Answer("Lost.")] * 9),
                resources=resources,
                apology=LOUD * 2,
                faults={"realtime": fault},
            ) as failing,
            quick_call(well, "realtime", [], [LONG, TABLE], resources=resources) as call,
        ):
            since = asyncio.get_running_loop().time()
            await call.say("When are you open?")
            await call.until(lambda: call.speaking)
            fault.after = 0
            await failing.say("When are you open?")
            await call.said(LONG.text)
            gap = longest_gap(call, since)
            await call.say("And now?")
            await call.said(TABLE.text)
            return call, gap

    call, gap = virtual_time.run(talk())
    assert (call.record.errors, call.agent_words) == ([], ["Hello.", LONG.text, TABLE.text])
    assert gap < 0.1
