"""What Twilio tells of a placed call may come twice, late, and to any process: the call ends once."""

from __future__ import annotations

import random

import pytest

from tests.server.twilio.outbound.test_placed_calls import EARLY, Both, both, until

__all__ = ["both"]
ANSWERED = ("initiated", "ringing", "in-progress", "completed")
BUSY = ("initiated", "ringing", "busy")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("told", [ANSWERED, BUSY], ids=["answered", "busy"])
async def test_callbacks_in_any_order_and_twice_end_a_call_once(
    both: Both, told: tuple[str, ...], seed: int
) -> None:
    dice = random.Random(seed)
    one, _ = both
    outgoing = await one.place()
    statuses = dice.sample(told * 2, 2 * len(told))
    for status in statuses:
        await dice.choice(both).hears(outgoing.id, status)
    record = outgoing.record
    await until(lambda: record.ended is not None)
    ended = record.ended
    for status in told:
        for side in both:
            await side.hears(outgoing.id, status)
    await until(lambda: one.switchboard.admission.held == 0)
    assert record.ended == ended
    expected = ("busy", "the line was busy") if told is BUSY else ("answered", EARLY)
    assert (record.outcome, record.reason) == expected, statuses
    every = {id(each) for side in both for each in side.written}
    assert len(every) == 1, "there is one record"


async def test_nothing_is_known_of_a_call_that_nobody_placed(both: Both) -> None:
    for side in both:
        for dial in ("dial-0123456789abcdef", "dial-x", "", "dial-0123456789abcdef' OR 1=1"):
            assert await side.diallers.placed.find(dial) is None
