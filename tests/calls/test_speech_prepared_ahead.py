"""A telephone call is sent its sound a little ahead, so that a stall of the server is not heard."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import HELLO, QUESTION, STYLES, open_desk

LONG = Answer("There is a long story behind that, and I will tell you all of it, from its start to its end.")
STALL_SECONDS = 0.12


@pytest.mark.parametrize("style", STYLES)
async def test_a_stall_of_the_server_is_not_heard_and_a_barge_in_takes_back_what_was_sent(
    tmp_path: Path, style: str
) -> None:
    async with open_desk(tmp_path, [LONG, HELLO], style=style) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.until(lambda: call.timeline.first_sound(0.0) is not None)
            await call.wait(0.6)
            assert 0.1 <= call.ahead <= 0.3
            time.sleep(STALL_SECONDS)  # noqa: ASYNC251 - the whole process stands still, the agent with it
            await call.wait(0.2)
            assert call.timeline.gaps == []
            cut = await call.barge_in(QUESTION, after=0.8)
            assert cut.speaking
            assert cut.cleared_ms is not None
            assert cut.silenced_ms is not None
            assert cut.silenced_ms - cut.cleared_ms < 50
        await desk.finished(call)
