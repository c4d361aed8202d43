"""The state of an answer, moved by events alone: no clock, no sound."""

import pytest

from agentrun.session.responses.answer import Answer
from agentrun.session.responses.answer_state import SETTLE_SECONDS, AnswerState, Loss
from agentrun.session.responses.silence import GRACE_SECONDS

FIRST, BETWEEN = 6.0, 5.0


@pytest.fixture
def answer() -> Answer:
    """One that is owed since second 10."""
    made = Answer(FIRST, BETWEEN)
    made.owed(10.0)
    return made


def heard(answer: Answer, begins: float, ends: float) -> None:
    """The model's words come to the line and are spoken, and its end is still to come."""
    answer.model_made(begins)
    answer.arrives(11.0)
    answer.voiced()
    answer.sound(begins, speaking=True)
    answer.sound(ends, speaking=False)


def test_nobody_waits_before_an_answer_is_owed() -> None:
    assert Answer(FIRST, BETWEEN).deadline is None


def test_an_answer_that_does_not_begin_has_failed(answer: Answer) -> None:
    assert answer.deadline == 10 + FIRST
    assert answer.expire(15.9) is None
    assert answer.expire(16.0) is AnswerState.FAILED
    assert answer.reason == "no answer began within 6 s"
    assert answer.deadline is None


def test_an_answer_that_is_heard_to_its_end_is_done(answer: Answer) -> None:
    answer.model_made(11.0)
    answer.arrives(11.0)
    answer.voiced()
    answer.delivered(11.0)
    answer.sound(11.1, speaking=True)
    assert answer.waits
    answer.sound(13.0, speaking=False)
    assert answer.state is AnswerState.DONE


def test_silence_in_the_middle_of_an_answer_is_a_stall(answer: Answer) -> None:
    heard(answer, 11.0, 12.0)
    assert (answer.state, answer.deadline) == (AnswerState.SPEAKING, 12.0 + BETWEEN)
    assert answer.expire(17.0) is AnswerState.STALLED
    assert answer.reason == "the answer stopped for 5.0 s"


def test_pieces_that_are_not_heard_do_not_put_a_stall_off(answer: Answer) -> None:
    heard(answer, 11.0, 12.0)
    answer.model_made(11.0)
    answer.voiced()
    assert answer.deadline == 12.0 + BETWEEN


def test_sound_that_goes_on_ends_the_silence(answer: Answer) -> None:
    heard(answer, 11.0, 12.0)
    answer.sound(14.0, speaking=True)
    assert answer.deadline is None
    answer.sound(15.0, speaking=False)
    assert answer.deadline == 15.0 + BETWEEN


def test_words_that_never_become_sound_are_a_stall(answer: Answer) -> None:
    answer.model_made(11.0)
    assert answer.expire(16.0) is AnswerState.STALLED


def test_an_end_without_words_is_an_empty_answer(answer: Answer) -> None:
    answer.model_ended(11.0, "the answer was empty: content_filter", made=False)
    assert answer.deadline == 11.0 + SETTLE_SECONDS
    assert answer.expire(11.0 + SETTLE_SECONDS) is AnswerState.EMPTY
    assert answer.reason == "the answer was empty: content_filter"


def test_an_end_because_the_caller_speaks_is_no_empty_answer(answer: Answer) -> None:
    answer.model_ended(11.0, "the answer was empty", made=False)
    answer.caller_speaks()
    assert answer.deadline is None


def test_words_after_an_end_without_words_are_an_answer(answer: Answer) -> None:
    answer.model_ended(11.0, "the answer was empty", made=False)
    answer.model_made(11.0)
    assert answer.deadline == 10 + FIRST


def test_words_that_the_voice_does_not_speak_are_an_empty_answer(answer: Answer) -> None:
    answer.model_made(11.0)
    answer.arrives(11.0)
    answer.model_ended(11.0, "", made=True)
    answer.delivered(12.0)
    assert answer.expire(12.0 + SETTLE_SECONDS) is AnswerState.EMPTY
    assert answer.reason == "nothing of the answer could be heard"


def test_an_answer_that_breaks_off_is_heard_before_it_is_gone_on_with(answer: Answer) -> None:
    answer.model_made(11.0)
    answer.arrives(11.0)
    answer.voiced()
    answer.sound(11.0, speaking=True)
    answer.broke_off("failed (server_error)")
    answer.delivered(11.5)
    assert answer.deadline is None
    answer.sound(12.0, speaking=False)
    assert answer.deadline == 12.0
    assert answer.expire(12.0) is AnswerState.STALLED
    assert answer.reason == "failed (server_error)"


def test_sound_that_comes_behind_the_end_of_an_answer_that_went_wrong_does_not_bring_it_back(
    answer: Answer,
) -> None:
    heard(answer, 11.0, 12.0)
    answer.broke_off("failed (server_error)")
    assert answer.expire(12.0) is AnswerState.STALLED
    answer.sound(12.1, speaking=True)
    answer.sound(12.2, speaking=False)
    assert (answer.state, answer.deadline) == (AnswerState.STALLED, None)


def test_what_a_noise_drops_unheard_is_owed_as_if_nothing_had_been_made(answer: Answer) -> None:
    answer.model_made(11.0)
    answer.dropped()
    assert (answer.state, answer.has_begun) == (AnswerState.AWAITED, False)
    assert answer.deadline == 10.0 + FIRST + GRACE_SECONDS, "all attempts together"


@pytest.mark.parametrize(
    ("at_work", "loss"),
    [
        ("nothing", Loss.WORDS),
        ("half", Loss.WORDS),
        ("whole", Loss.NOTHING),
        ("tool", Loss.NOTHING),
        ("result", Loss.ANSWER),
        ("half an answer to a result", Loss.WORDS),
        ("words after a result", Loss.WORDS),
    ],
)
def test_what_is_lost_with_a_connection_goes_by_what_the_model_was_at(
    answer: Answer, at_work: str, loss: Loss
) -> None:
    if "tool" in at_work or "result" in at_work:
        work = answer.tool_started(11.0)
        if at_work != "tool":
            answer.tool_ended(work, 12.0, answered=True)
    if "half" in at_work or at_work == "whole":
        answer.model_made(12.0)
        answer.arrives(12.0)
        answer.voiced()
    if at_work == "whole":
        answer.delivered(12.0)
    if "words" in at_work:
        answer.caller_speaks()
        answer.owed(13.0)
    assert answer.loss is loss


def test_a_connection_that_is_being_made_does_not_put_the_limit_off(answer: Answer) -> None:
    answer.lost(15.0)
    answer.broke_off("failed (server_error)")
    answer.model_ended(15.0, "failed (server_error)", made=False)
    assert (answer.state, answer.deadline) == (AnswerState.LOST, 10.0 + FIRST + GRACE_SECONDS)
    answer.model_began(16.0)
    assert (answer.state, answer.deadline) == (AnswerState.AWAITED, 10.0 + FIRST + GRACE_SECONDS)


def test_nothing_is_due_over_the_next_connection_to_somebody_who_speaks_or_waits_for_nothing(
    answer: Answer,
) -> None:
    answer.caller_speaks()
    answer.lost(15.0)
    assert answer.state is AnswerState.NONE
    idle = Answer(FIRST, BETWEEN)
    idle.lost(15.0)
    assert (idle.state, idle.deadline) == (AnswerState.NONE, None)


def test_a_second_attempt_has_little_time_and_no_third_one(answer: Answer) -> None:
    heard(answer, 11.0, 12.0)
    answer.expire(17.0)
    answer.again(17.0)
    assert answer.deadline == 12.0 + FIRST + GRACE_SECONDS
    assert answer.expire(12.0 + FIRST + GRACE_SECONDS) is AnswerState.FAILED


def test_nothing_puts_a_second_attempt_off(answer: Answer) -> None:
    answer.again(15.0)
    answer.again(15.0)
    answer.extend()
    assert answer.deadline == 10 + FIRST + GRACE_SECONDS


def test_the_end_of_a_first_attempt_does_not_end_the_second(answer: Answer) -> None:
    answer.arrives(11.0)
    answer.again(15.0)
    answer.delivered(12.0)
    assert answer.deadline == 10 + FIRST + GRACE_SECONDS


def test_a_tool_at_work_stops_the_clock(answer: Answer) -> None:
    work = answer.tool_started(10.5)
    answer.model_ended(11.0, "tool_calls", made=True)
    assert answer.deadline is None
    answer.tool_ended(work, 12.0, answered=True)
    assert answer.deadline == 12.0 + FIRST


def test_a_tool_without_words_leaves_the_model_less_time(answer: Answer) -> None:
    work = answer.tool_started(10.5)
    answer.tool_ended(work, 14.0, answered=True)
    assert answer.deadline == 10.0 + FIRST + GRACE_SECONDS


def test_after_a_tool_that_was_silent_for_long_the_model_has_the_time_of_a_second_attempt(
    answer: Answer,
) -> None:
    work = answer.tool_started(10.5)
    answer.tool_ended(work, 40.0, answered=True)
    assert answer.deadline == 40.0 + GRACE_SECONDS


def test_words_of_a_tool_that_are_not_heard_end_the_wait_for_it(answer: Answer) -> None:
    answer.tool_started(10.5)
    answer.words_promised(14.0)
    assert answer.deadline == 10.0 + FIRST + GRACE_SECONDS
    assert answer.expire(answer.deadline) is AnswerState.FAILED
    assert answer.reason == "a tool's words were not heard within 8.5 s"


def test_a_tools_words_are_not_the_answer(answer: Answer) -> None:
    answer.words_promised(10.5)
    answer.sound(11.0, speaking=True)
    answer.sound(12.0, speaking=False)
    assert (answer.state, answer.deadline) == (AnswerState.AWAITED, 12.0 + FIRST)


def test_an_answer_that_follows_a_tools_words_without_a_pause_is_heard(answer: Answer) -> None:
    answer.words_promised(10.5)
    answer.sound(11.0, speaking=True)
    answer.arrives(11.0)
    answer.voiced()
    answer.delivered(12.0)
    answer.sound(13.0, speaking=False)
    assert answer.state is AnswerState.DONE


def test_an_answer_that_nobody_asked_for_is_owed_once_the_model_is_at_it() -> None:
    answer = Answer(FIRST, BETWEEN)
    answer.model_began(3.0)
    assert answer.deadline == 3.0 + FIRST


def test_a_model_that_answers_while_the_caller_speaks_owes_nothing() -> None:
    answer = Answer(FIRST, BETWEEN)
    answer.caller_speaks()
    answer.model_began(3.0)
    assert answer.deadline is None


def early(*, delivered: bool = False, broken: str = "") -> Answer:
    """An answer that has come to the line before the end of the caller's turn was told."""
    answer = Answer(FIRST, BETWEEN)
    answer.caller_speaks()
    answer.model_began(10.0)
    answer.arrives(10.0)
    answer.voiced()
    if broken:
        answer.broke_off(broken)
    if delivered:
        answer.delivered(10.0)
    return answer


@pytest.mark.parametrize("sounds_first", [False, True])
def test_an_answer_that_came_before_it_was_owed_and_stops_is_a_stall(sounds_first: bool) -> None:
    answer = early()
    if sounds_first:
        answer.sound(10.1, speaking=True)
    answer.owed(10.2)
    if not sounds_first:
        answer.sound(10.3, speaking=True)
    answer.sound(11.0, speaking=False)
    assert (answer.state, answer.deadline) == (AnswerState.SPEAKING, 11.0 + BETWEEN)


@pytest.mark.parametrize("sounds_first", [False, True])
def test_an_answer_that_came_whole_before_it_was_owed_is_done_when_it_was_heard(sounds_first: bool) -> None:
    answer = early(delivered=True)
    if sounds_first:
        answer.sound(10.1, speaking=True)
    answer.owed(10.2)
    if not sounds_first:
        answer.sound(10.3, speaking=True)
    answer.sound(11.0, speaking=False)
    assert answer.state is AnswerState.DONE


def test_an_answer_that_broke_off_before_it_was_owed_is_gone_on_with() -> None:
    answer = early(delivered=True, broken="failed (server_error)")
    answer.owed(10.2)
    answer.sound(10.3, speaking=True)
    answer.sound(11.0, speaking=False)
    assert answer.expire(11.0) is AnswerState.STALLED
    assert answer.reason == "failed (server_error)"


def test_an_answer_that_the_caller_has_cut_is_not_the_one_to_what_they_say() -> None:
    answer = early()
    answer.caller_speaks()
    answer.owed(10.5)
    answer.sound(10.6, speaking=True)
    answer.sound(11.0, speaking=False)
    assert answer.state is AnswerState.DONE


def test_fixed_words_are_done_when_they_fall_silent(answer: Answer) -> None:
    answer.sound(11.0, speaking=True)
    answer.sound(12.0, speaking=False)
    assert answer.state is AnswerState.DONE


def test_the_end_of_a_tool_from_an_earlier_turn_says_nothing_of_the_one_at_work(answer: Answer) -> None:
    slow = answer.tool_started(10.5)
    answer.caller_speaks()
    answer.caller_stops()
    answer.owed(20.0)
    quick = answer.tool_started(20.5)
    answer.tool_ended(slow, 21.0, answered=True)
    assert answer.deadline is None, "the second tool is at work, and has its own timeout"
    answer.tool_ended(quick, 30.0, answered=True)
    assert answer.deadline is not None
    assert answer.deadline > 30.0


def test_the_end_of_a_tool_from_an_earlier_turn_does_not_put_this_turns_limit_off(answer: Answer) -> None:
    slow = answer.tool_started(10.5)
    answer.caller_speaks()
    answer.silence.caller_ended(20.0)
    answer.caller_stops()
    answer.owed(20.5)
    answer.tool_ended(slow, 25.0, answered=True)
    assert answer.deadline == 20.0 + FIRST + GRACE_SECONDS


def test_a_tool_that_ends_while_the_caller_speaks_is_at_work_no_more(answer: Answer) -> None:
    slow = answer.tool_started(10.5)
    answer.caller_speaks()
    assert answer.tools.all == 1
    answer.tool_ended(slow, 21.0, answered=True)
    assert (answer.tools.all, answer.deadline) == (0, None)


def test_who_has_heard_the_answer_to_their_turn_waits_for_an_earlier_tool_from_its_end_on(
    answer: Answer,
) -> None:
    slow = answer.tool_started(10.5)
    answer.caller_speaks()
    answer.caller_stops()
    answer.owed(20.0)
    answer.arrives(11.0)
    answer.voiced()
    answer.sound(21.0, speaking=True)
    answer.silence.caller_ended(20.5)  # told late, as voice detection does, or said beside the agent
    answer.delivered(21.5)
    answer.sound(22.0, speaking=False)
    answer.tool_ended(slow, 60.0, answered=True)
    assert answer.deadline == 60.0 + FIRST


def test_a_turn_that_does_not_interrupt_leaves_the_answer_owed_and_its_deadline(answer: Answer) -> None:
    answer.caller_speaks(interrupts=False)
    assert answer.waits
    assert answer.deadline is None, "they speak"
    answer.caller_stops()
    assert answer.deadline == 10 + FIRST


def test_a_tool_that_ends_while_the_caller_speaks_over_it_owes_nothing_yet(answer: Answer) -> None:
    work = answer.tool_started(11.0)
    answer.caller_speaks(interrupts=False)
    assert answer.tools.of_turn == 1
    answer.tool_ended(work, 14.0, answered=True)
    answer.caller_stops()
    assert (answer.waits, answer.deadline) == (False, None)
