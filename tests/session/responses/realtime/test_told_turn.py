"""A turn that a server tells of is the caller's where their voice is heard in it, or nobody listens."""

from __future__ import annotations

import asyncio

import pytest

from agentrun.session.responses.answer_state import AnswerState
from agentrun.session.responses.realtime.told_turn import BEFORE_SECONDS, ToldTurn
from agentrun.session.responses.response_deadline import ResponseDeadline


def test_where_nobody_listens_each_turn_is_the_caller_s() -> None:
    turn = ToldTurn()
    assert turn.begins(1.0, voice=False)
    assert not turn.ends_as_noise(matters=True)


@pytest.mark.parametrize(
    ("voice", "later", "speech", "noise"),
    [
        (False, False, True, True),
        (False, True, True, False),
        (False, True, False, True),
        (True, False, True, False),
        (True, False, False, True),
    ],
)
def test_a_turn_without_a_voice_or_without_speech_is_noise(
    voice: bool, later: bool, speech: bool, noise: bool
) -> None:
    turn = ToldTurn(lambda _at: speech)
    assert turn.begins(1.0, voice=voice) is voice
    assert not later or turn.voice_begins()
    assert turn.ends_as_noise(matters=True) is noise
    assert not turn.ends_as_noise(matters=True)


def test_what_cut_no_wait_is_not_looked_into() -> None:
    asked: list[float] = []

    def spoke_since(at: float) -> bool:
        asked.append(at)
        return True

    turn = ToldTurn(spoke_since)
    turn.begins(1.0, voice=True)
    assert not turn.ends_as_noise(matters=False)
    turn.begins(2.0, voice=True)
    turn.ends_as_noise(matters=True)
    assert asked == [2.0]


async def test_an_answer_is_due_when_it_was_before_a_noise() -> None:
    outcomes: list[tuple[AnswerState, float]] = []
    clock = asyncio.get_running_loop().time
    began = clock()

    async def outcome(state: AnswerState, _reason: str) -> None:
        outcomes.append((state, clock() - began))

    deadline = ResponseDeadline(0.6, outcome)
    deadline.turn.spoke_since = lambda _at: False
    deadline.owed()
    for voice in (False, True, False):
        await asyncio.sleep(0.1)
        if voice:
            deadline.voice_began()
        deadline.turn_begins()
        await asyncio.sleep(0.05)
        if voice:
            deadline.voice_ended()
        deadline.caller_stops()
        deadline.owed()
    await asyncio.sleep(0.6)
    await deadline.close()
    assert [state for state, _ in outcomes] == [AnswerState.FAILED]
    assert outcomes[0][1] < 0.75


def test_an_answer_within_a_turn_is_its_own_until_the_server_takes_it_back() -> None:
    turn = ToldTurn()
    assert not turn.answer_begins()
    turn.begins(1.0, voice=True)
    assert turn.answer_begins()
    turn.voice_begins()
    assert turn.ends_answered()
    assert not turn.ends_answered()
    assert not turn.answer_begins()
    turn.begins(5.0, voice=True)
    assert turn.answer_begins()
    assert turn.answer_breaks_off()
    assert not turn.ends_answered()


def test_what_the_server_has_heard_to_its_end_is_not_lost_with_it() -> None:
    spoken = [10.0]
    turn = ToldTurn(lambda at: max(spoken) >= at - BEFORE_SECONDS)
    assert turn.is_unheard(voice=True), "no server has told of it"
    turn.begins(9.0, voice=True)
    assert turn.is_unheard(voice=False), "it goes on for the server"
    turn.stops(10.3)
    turn.ends_as_noise(matters=False)
    assert not turn.is_unheard(voice=True), "that they are silent is known here a moment later"
    spoken.append(10.6)
    assert turn.is_unheard(voice=True), "they go on"


def test_a_turn_in_which_nobody_speaks_is_not_lost_with_its_server() -> None:
    turn = ToldTurn(lambda _at: False)
    turn.begins(9.0, voice=False)
    assert not turn.is_unheard(voice=False)


@pytest.mark.parametrize(("speech", "ends"), [((), [5.0]), ((13.0,), [8.0]), ((10.5, 15.0), [])])
def test_a_turn_that_noises_keep_open_has_an_end(speech: tuple[float, ...], ends: list[float]) -> None:
    """A noise each second, and speech at some times."""
    turn = ToldTurn(lambda at: any(at - BEFORE_SECONDS <= time <= now for time in speech))
    turn.begins(10.0, voice=True, cuts=True)
    found = []
    for after in range(1, 9):
        now = 10.0 + after
        turn.voice_ends(now - 0.7)
        found += [float(after)] * turn.is_endless(now, 3.0, 5.0)
        turn.voice_begins()
    assert found == ends


async def test_a_noise_behind_an_answer_that_went_wrong_is_one_that_cuts() -> None:
    async def outcome(_state: AnswerState, _reason: str) -> None:
        """What is done about it takes a moment."""

    deadline = ResponseDeadline(0.1, outcome)
    deadline.turn.spoke_since = lambda _at: False
    deadline.owed()
    await asyncio.sleep(0.2)
    assert deadline.state is AnswerState.FAILED
    deadline.turn_begins()
    assert deadline.turn.is_endless(asyncio.get_running_loop().time() + 3.0, 3.0, 5.0)
    await deadline.close()
