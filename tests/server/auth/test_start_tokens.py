"""Start tokens hold whatever the clock of the machine says that made them."""

from __future__ import annotations

import time

import pytest

from agentrun.server.auth.start_tokens import LIFETIME_SECONDS, StartTokens, make
from agentrun.server.shared_state.state import SharedState

KEY = "the-servers-own-key"


@pytest.mark.parametrize("apart", [-60.0, 0.0, 60.0])
async def test_a_token_of_a_machine_whose_clock_is_a_minute_off_begins_a_call_once(apart: float) -> None:
    tokens = StartTokens(KEY, use=SharedState().use, clock=lambda: time.time() - apart)
    token = make(KEY, "desk")
    assert await tokens.admit(token, "desk")
    assert not await tokens.admit(token, "desk")


async def test_a_token_is_expired_by_the_clock_that_all_share() -> None:
    late = {"seconds": 0.0}
    tokens = StartTokens(KEY, use=SharedState().use, clock=lambda: time.time() + late["seconds"])
    token = make(KEY, "desk")
    late["seconds"] = LIFETIME_SECONDS - 5
    assert await tokens.admit(token, "desk", use=False)
    late["seconds"] = LIFETIME_SECONDS + 5
    assert not await tokens.admit(token, "desk", use=False)
