"""A deadline on every answer that is owed."""

import asyncio

from agentrun.session.patience import Patience

SHORT = 0.02


class Expiries:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


async def test_an_answer_that_does_not_begin_expires_once() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_an_answer_in_time_does_not_expire() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.owed()
    patience.settled()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_a_tool_at_work_stops_the_clock_until_it_is_done() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.owed()
    patience.tool_started()
    patience.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0
    patience.tool_ended()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_two_tools_at_once_both_count() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.tool_started()
    patience.tool_ended()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_expiry_may_settle_itself() -> None:
    done = asyncio.Event()

    async def expire() -> None:
        patience.settled()
        await asyncio.sleep(0)
        done.set()

    patience = Patience(SHORT, expire)
    patience.owed()
    await asyncio.wait_for(done.wait(), 2)


async def test_an_answer_that_is_owed_while_the_agent_speaks_is_due_when_it_stops() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.note(speaking=True)
    patience.tool_ended()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0
    patience.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_a_tool_s_words_are_not_the_answer_to_its_result() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.words_promised()
    patience.tool_ended()
    patience.note(speaking=True)
    patience.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_the_answer_after_a_tool_s_words_settles_what_is_owed() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.words_promised()
    patience.note(speaking=True)
    patience.note(speaking=False)
    patience.tool_ended()
    patience.note(speaking=True)
    patience.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_a_tool_that_was_given_up_owes_nothing() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.caller_speaks()
    patience.tool_ended(answered=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_the_caller_is_answered_although_an_earlier_tool_still_works() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.caller_speaks()
    patience.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_nobody_waits_for_a_result_while_the_caller_speaks() -> None:
    expired = Expiries()
    patience = Patience(SHORT, expired)
    patience.tool_started()
    patience.caller_speaks()
    patience.tool_ended()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0
