"""A deadline on every answer that is owed."""

import asyncio

import pytest

from agentrun.session.responses.answer_state import AnswerState
from agentrun.session.responses.response_deadline import ResponseDeadline

SHORT = 0.02


class Expiries:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, _state: AnswerState, _reason: str) -> None:
        self.count += 1


async def test_an_answer_that_does_not_begin_expires_once() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    response_deadline.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_an_answer_in_time_does_not_expire() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    response_deadline.owed()
    response_deadline.settled()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_a_tool_at_work_stops_the_clock_until_it_is_done() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    response_deadline.owed()
    work = response_deadline.tool_started()
    response_deadline.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0
    response_deadline.tool_ended(work)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_two_tools_at_once_both_count() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    response_deadline.tool_started()
    work = response_deadline.tool_started()
    response_deadline.tool_ended(work)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_expiry_may_settle_itself() -> None:
    done = asyncio.Event()

    async def expire(_state: AnswerState, _reason: str) -> None:
        response_deadline.settled()
        await asyncio.sleep(0)
        done.set()

    response_deadline = ResponseDeadline(SHORT, expire)
    response_deadline.owed()
    await asyncio.wait_for(done.wait(), 2)


async def test_an_answer_that_is_owed_while_the_agent_speaks_is_due_when_it_stops() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    work = response_deadline.tool_started()
    response_deadline.note(speaking=True)
    response_deadline.tool_ended(work)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0
    response_deadline.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_a_tool_s_words_are_not_the_answer_to_its_result() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    work = response_deadline.tool_started()
    response_deadline.words_promised()
    response_deadline.tool_ended(work)
    response_deadline.note(speaking=True)
    response_deadline.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_the_answer_after_a_tool_s_words_settles_what_is_owed() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    work = response_deadline.tool_started()
    response_deadline.words_promised()
    response_deadline.note(speaking=True)
    response_deadline.note(speaking=False)
    response_deadline.tool_ended(work)
    response_deadline.note(speaking=True)
    response_deadline.note(speaking=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_a_tool_that_was_given_up_owes_nothing() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    work = response_deadline.tool_started()
    response_deadline.caller_speaks()
    response_deadline.tool_ended(work, answered=False)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


async def test_the_caller_is_answered_although_an_earlier_tool_still_works() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    response_deadline.tool_started()
    response_deadline.caller_speaks()
    response_deadline.owed()
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 1


async def test_nobody_waits_for_a_result_while_the_caller_speaks() -> None:
    expired = Expiries()
    response_deadline = ResponseDeadline(SHORT, expired)
    work = response_deadline.tool_started()
    response_deadline.caller_speaks()
    response_deadline.tool_ended(work)
    await asyncio.sleep(SHORT * 5)
    assert expired.count == 0


@pytest.mark.parametrize("speaks", [False, True])
async def test_who_speaks_over_an_answer_in_a_noise_s_turn_is_owed_another(
    speaks: bool,
) -> None:
    deadline = ResponseDeadline(8.0, Expiries())
    deadline.turn.spoke_since = lambda _at: speaks
    deadline.owed()
    deadline.turn_begins()
    deadline.answer.arrives(asyncio.get_running_loop().time())
    deadline.answer.voiced()
    deadline.note(speaking=True)
    await asyncio.sleep(1.0)
    if speaks:
        deadline.voice_began()
        deadline.note(speaking=False)
        await asyncio.sleep(1.0)
        deadline.voice_ended()
    assert deadline.turn.ends_answered() is not speaks
    await deadline.close()
