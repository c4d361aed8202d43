"""Whatever takes up the time, the caller's silence is counted from the last sound."""

import asyncio

import pytest

from agentrun.session.responses.answer import Answer
from agentrun.session.responses.answer_state import AnswerState
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.responses.silence import GRACE_SECONDS, Silence
from agentrun.testing import virtual_time

FIRST = 6.0
LIMIT = FIRST + GRACE_SECONDS


def spoken_until(at: float) -> Answer:
    """The caller's turn has begun, and their voice has ended."""
    answer = Answer(FIRST, FIRST)
    answer.silence.caller_began()
    answer.caller_speaks()
    answer.silence.caller_ended(at)
    return answer


def test_a_transcript_in_time_leaves_the_model_all_of_its_time() -> None:
    answer = spoken_until(10.0)
    answer.owed(11.0)
    assert answer.deadline == 11.0 + FIRST


def test_a_late_transcript_leaves_the_model_less() -> None:
    answer = spoken_until(10.0)
    answer.owed(15.0)
    assert answer.deadline == 10.0 + LIMIT
    assert answer.expire(10.0 + LIMIT) is AnswerState.FAILED
    assert answer.reason == "no answer began within 8.5 s of the caller's last word"


def test_a_turn_that_a_late_transcript_begins_counts_from_the_voice() -> None:
    answer = spoken_until(10.0)
    answer.caller_stops()
    answer.caller_speaks()
    answer.owed(16.0)
    assert answer.deadline == 10.0 + LIMIT


def test_what_was_heard_in_between_is_forgotten() -> None:
    answer = spoken_until(10.0)
    answer.sound(12.0, speaking=True)
    answer.sound(13.0, speaking=False)
    answer.caller_speaks()
    answer.owed(20.0)
    assert answer.deadline == 20.0 + FIRST


def test_a_caller_who_waits_in_an_open_turn_is_asked_again_within_the_limit() -> None:
    answer = spoken_until(10.0)
    answer.again(16.0)
    assert answer.deadline == 10.0 + LIMIT


def test_a_caller_who_speaks_is_not_asked_again() -> None:
    answer = Answer(FIRST, FIRST)
    answer.caller_speaks()
    answer.again(16.0)
    assert answer.deadline is None


def test_a_voice_has_a_moment_for_words_that_came_late() -> None:
    answer = spoken_until(10.0)
    answer.owed(10.5)
    answer.model_made(16.0)
    answer.model_made(16.4)
    assert answer.deadline == 10.0 + LIMIT
    early = spoken_until(10.0)
    early.owed(10.5)
    early.model_made(11.0)
    assert early.deadline == 10.5 + FIRST


def test_a_second_attempt_after_a_long_stall_has_its_time() -> None:
    answer = Answer(FIRST, 20.0)
    answer.owed(10.0)
    answer.model_made(10.5)
    answer.arrives(11.0)
    answer.voiced()
    answer.sound(11.0, speaking=True)
    answer.sound(12.0, speaking=False)
    assert answer.expire(32.0) is AnswerState.STALLED
    answer.again(32.0)
    assert answer.deadline == 32.0 + GRACE_SECONDS


def test_silence_on_purpose_does_not_count() -> None:
    silence = Silence(FIRST)
    silence.ask(100.0, 10.0)
    assert silence.due == 100.0 + GRACE_SECONDS


def test_tools_that_are_called_for_ever_do_not_put_the_limit_off() -> None:
    answer, now = spoken_until(10.0), 10.5
    answer.owed(now)
    while now < 60 and answer.expire(now) is None:
        work = answer.tool_started(now)
        answer.tool_ended(work, now + 0.1, answered=True)
        now += 0.5
    assert answer.state is AnswerState.FAILED
    assert now <= 10.0 + FIRST + 4


def expiry(*, asked: bool, owed: bool) -> float | None:
    """When an answer fails whose model is connected anew 2 s after its beginning, for 1 s."""

    async def main() -> float | None:
        clock, times = asyncio.get_running_loop().time, list[float]()

        async def note(_state: AnswerState, _reason: str) -> None:
            times.append(clock())

        deadline, began = ResponseDeadline(FIRST, note), clock()
        if owed:
            deadline.owed()
        await asyncio.sleep(2)
        deadline.reconnecting()
        await asyncio.sleep(1)
        deadline.reconnected(asked=asked)
        await asyncio.sleep(0.5)
        deadline.reconnected(asked=asked)
        await asyncio.sleep(20)
        await deadline.close()
        return round(times[0] - began, 1) if times else None

    return virtual_time.run(main())


def test_a_new_connection_does_not_put_the_limit_off() -> None:
    assert expiry(asked=True, owed=True) == LIMIT
    assert expiry(asked=False, owed=True) == LIMIT


def test_nor_does_one_that_is_never_made() -> None:
    async def main() -> float:
        clock, began, times = asyncio.get_running_loop().time, 0.0, list[float]()

        async def note(_state: AnswerState, _reason: str) -> None:
            times.append(clock() - began)

        deadline, began = ResponseDeadline(FIRST, note), clock()
        deadline.owed()
        await asyncio.sleep(5)
        deadline.reconnecting()
        await asyncio.sleep(20)
        await deadline.close()
        return round(times[0], 1)

    assert virtual_time.run(main()) == LIMIT


def test_a_model_that_was_asked_to_speak_owes_it_and_one_that_was_not_owes_nothing() -> None:
    assert expiry(asked=True, owed=False) == 3.0 + LIMIT
    assert expiry(asked=False, owed=False) is None


def test_a_caller_who_speaks_while_something_is_owed_waits_from_their_last_word() -> None:
    answer = Answer(FIRST, FIRST)
    answer.owed(10.0)
    answer.silence.caller_began()
    answer.silence.caller_ended(14.0)
    answer.again(15.0)
    assert answer.deadline == 14.0 + LIMIT


def ask_each(seconds: float, model: float, end: float = 0.8) -> tuple[float, str]:
    """When somebody who says "hello?" each few ``seconds`` hears of a failure, and why.

    Their turn is known to be over ``end`` seconds behind the word. The model would answer each time after
    ``model`` seconds, and begins anew with each turn.
    """

    async def call() -> tuple[float, str]:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[str] = loop.create_future()

        async def outcome(_state: AnswerState, reason: str) -> None:
            failed.set_result(reason)

        deadline, began = ResponseDeadline(FIRST, outcome), loop.time()
        while not failed.done() and loop.time() - began < 60:
            deadline.caller_speaks()
            deadline.voice_began()
            deadline.voice_ended()
            await asyncio.sleep(end)
            deadline.caller_stops()
            deadline.owed()
            left = seconds - end
            await asyncio.wait([failed], timeout=min(left, model))
            if model < left and not failed.done():
                deadline.note(speaking=True)
                deadline.note(speaking=False)
                await asyncio.wait([failed], timeout=left - model)
        await deadline.close()
        return loop.time() - began, failed.result() if failed.done() else ""

    return virtual_time.run(call())


@pytest.mark.parametrize("end", [0.0, 0.8, 1.3])
@pytest.mark.parametrize("seconds", [2.5, 3.0, 4.0, 5.5])
def test_a_caller_who_asks_again_and_again_does_not_put_off_the_end(seconds: float, end: float) -> None:
    after, reason = ask_each(seconds, model=100.0, end=end)
    turns = after / seconds
    assert FIRST < after - turns * end < FIRST + 4 + seconds
    assert "in which the caller has spoken again" in reason


def write_each(seconds: float) -> float:
    """When somebody who writes or presses a key each few ``seconds`` to a model that hangs hears of it."""

    async def call() -> float:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[float] = loop.create_future()

        async def outcome(_state: AnswerState, _reason: str) -> None:
            failed.set_result(loop.time())

        deadline, began = ResponseDeadline(FIRST, outcome), loop.time()
        while not failed.done() and loop.time() - began < 60:
            deadline.caller_stops()
            deadline.owed()
            await asyncio.wait([failed], timeout=seconds)
        await deadline.close()
        return loop.time() - began

    return virtual_time.run(call())


@pytest.mark.parametrize("seconds", [1.5, 2.0, 2.5, 3.0, 5.0])
def test_what_is_written_or_keyed_does_not_put_off_the_end(seconds: float) -> None:
    assert FIRST < write_each(seconds) < FIRST + 4 + seconds


PAUSES = 3 * FIRST
"""So many seconds of pauses in a row nobody speaks whom the model leaves alone on purpose."""


def test_lines_written_in_one_go_are_no_waiting_for_a_while() -> None:
    assert PAUSES <= write_each(0.9) < PAUSES + 2


def test_pauses_in_speech_are_no_waiting_for_a_while() -> None:
    after, reason = ask_each(1.5, model=100.0)
    assert PAUSES * 1.5 / 0.7 <= after < PAUSES * 1.5 / 0.7 + 3
    assert "in which the caller has spoken again" in reason


def test_groups_of_a_number_are_no_waiting_for_a_model_that_needs_as_long_as_their_pauses() -> None:
    after, _ = ask_each(2.2, model=1.7, end=1.3)
    assert after >= PAUSES * 2.2 / 0.9


def test_an_answer_that_was_heard_ends_the_count() -> None:
    after, reason = ask_each(5.0, model=4.0)
    assert (after >= 60, reason) == (True, "")


def test_a_silent_tool_before_it_is_no_waiting_for_an_answer() -> None:
    answer = spoken_until(10.0)
    answer.owed(10.5)
    work = answer.tool_started(10.5)
    answer.tool_ended(work, 19.5, answered=True)
    answer.silence.spoken_into(20.3)
    assert answer.silence.unheard == 0


def say_each(seconds: float, model: float, word: float = 0.4) -> tuple[float, str]:
    """As ``ask_each``, to a realtime model: its server tells of the end 0.5 s behind the word, and the sound
    here 0.3 s later."""

    async def call() -> tuple[float, str]:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[str] = loop.create_future()

        async def outcome(_state: AnswerState, reason: str) -> None:
            failed.set_result(reason)

        deadline, began = ResponseDeadline(FIRST, outcome), loop.time()
        while not failed.done() and loop.time() - began < 60:
            deadline.voice_began()
            deadline.turn_begins()
            await asyncio.sleep(word + 0.5)
            deadline.caller_stops()
            deadline.owed()
            await asyncio.sleep(0.3)
            deadline.voice_ended(0.8)
            left = seconds - word - 0.8
            await asyncio.wait([failed], timeout=min(left, model - 0.3))
            if model - 0.3 < left and not failed.done():
                deadline.note(speaking=True)
                deadline.note(speaking=False)
                await asyncio.wait([failed], timeout=left - model + 0.3)
        await deadline.close()
        return loop.time() - began, failed.result() if failed.done() else ""

    return virtual_time.run(call())


@pytest.mark.parametrize("seconds", [2.0, 2.5, 3.0])
def test_a_caller_whose_waits_are_all_short_does_not_put_off_the_end(seconds: float) -> None:
    after, reason = say_each(seconds, model=100.0)
    assert FIRST < after < 16 + seconds
    assert "in which the caller has spoken again" in reason


def test_a_model_that_answers_within_short_waits_is_left_alone() -> None:
    after, reason = say_each(2.5, model=1.5)
    assert (after >= 60, reason) == (True, "")


def test_a_noise_does_not_count_as_a_short_wait() -> None:
    silence = Silence(FIRST)
    for now in range(0, 40, 2):
        silence.ask(float(now))
        silence.spoken_into(now + 2.0)
        assert silence.cut
        silence.go_on(silence.cut)
    assert silence.unheard == 0
