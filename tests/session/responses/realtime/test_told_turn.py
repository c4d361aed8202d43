"""A turn that a server tells of is the caller's where their voice is heard in it, or nobody listens."""

from __future__ import annotations

import asyncio

import pytest

from agentrun.session.responses.answer_state import AnswerState
from agentrun.session.responses.realtime.told_turn import ToldTurn
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
