"""A realtime server that takes a silent or noisy line for the caller keeps nobody waiting without end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentrun.session.responses.realtime import second_opinion, unheard_caller
from agentrun.session.responses.realtime.unasked_answer import ASK_SECONDS
from agentrun.simulate.openai.realtime.session import RealtimeSession
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import LOUD, RATE, QuickCall
from tests.calls.test_public_realtime_bugs import OPEN, TABLE, called
from tests.calls.test_realtime_moves import Sessions, codes

PIECE = RATE // 50 * 2
QUIET = bytes(PIECE)
NOISE = np.tile([5000, -5000], RATE // 100).astype("<i2").tobytes()
EVERY, LONG_SECONDS = 1.5, 40.0
Line = Callable[[int], bytes]
"""The 20 ms of sound of a number."""


def hammering(number: int) -> bytes:
    """A noise of 0.3 s every 1.5 s."""
    return NOISE if number % 75 < 15 else QUIET


def is_loud(sound: bytes) -> bool:
    """Stands for a voice activity detector: the caller is louder than all else."""
    return bool(np.frombuffer(sound, "<i2").max(initial=0) > 10_000)


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unheard_caller, "SPEECH_SECONDS", 0.2)
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: is_loud)


def answers(monkeypatch: pytest.MonkeyPatch, *, asked: bool, by_itself: bool = False) -> None:
    """Have the server answer where it is ``asked``, and what it hears."""
    create = RealtimeSession._create_response

    async def maybe(owner: RealtimeSession, event: dict[str, Any]) -> None:
        if asked if event else by_itself:
            await create(owner, event)

    monkeypatch.setattr(RealtimeSession, "_create_response", maybe)


async def tell_turns(sessions: Sessions) -> None:
    """Tell of a turn every 1.5 s."""
    for number in count():
        await sessions.turn_begins(f"noise {number}")
        await asyncio.sleep(0.3)
        await sessions.turn_ends(f"noise {number}")
        await asyncio.sleep(EVERY - 0.3)


async def silent_on(call: QuickCall, line: Line, since: float) -> float:
    """Play the line's sound until something is heard: the seconds since then."""
    for number in range(round(LONG_SECONDS * 50)):
        await call.transport.hear(line(number))
        await asyncio.sleep(0.02)
        if heard_after(call, since) < LONG_SECONDS:
            break
    silent = heard_after(call, since)
    await call.until(lambda: not call.speaking)
    return silent


@pytest.mark.parametrize("question", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_turns_on_a_silent_line_do_not_begin_the_wait_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: bool, asked: bool
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        answers(monkeypatch, asked=asked)
        if question:
            await call.say("When are you open?")
        since = asyncio.get_running_loop().time()
        telling = asyncio.create_task(tell_turns(sessions))
        silent = await silent_on(call, lambda _: QUIET, since)
        telling.cancel()
        assert silent <= (ASK_SECONDS + EVERY if asked else LIMIT), call.record.errors

    call = called(tmp_path, [OPEN, TABLE], talk)
    assert codes(call)[0] == "realtime_late"
    assert (call.record.ended_by == "error") is not asked


@pytest.mark.parametrize("line", [hammering, lambda _: NOISE], ids=["hammering", "a noise of 40 s"])
def test_noises_that_are_taken_for_the_caller_do_not_begin_the_wait_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: Line
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        answers(monkeypatch, asked=False)
        await call.say("When are you open?")
        since = asyncio.get_running_loop().time()
        telling = asyncio.create_task(tell_turns(sessions))
        silent = await silent_on(call, line, since)
        telling.cancel()
        assert silent <= LIMIT, call.record.errors

    call = called(tmp_path, [OPEN, TABLE], talk)
    assert call.agent_words == ["Hello.", "I am sorry."]


def test_a_noise_that_the_server_takes_for_the_rest_of_a_question_does_not_hold_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.transport.hear(LOUD)
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, lambda _: NOISE, since) <= LIMIT, call.record.errors

    called(tmp_path, [OPEN, TABLE], talk)


@pytest.mark.parametrize("after", [0.7, 2.0, 5.0])
def test_a_turn_that_a_server_begins_on_a_silent_line_and_never_ends_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        answers(monkeypatch, asked=True)
        await call.say("When are you open?")
        since = asyncio.get_running_loop().time()
        await asyncio.sleep(after)
        await sessions.turn_begins()
        assert await silent_on(call, lambda _: QUIET, since) <= LIMIT, call.record.errors

    call = called(tmp_path, [OPEN, TABLE], talk)
    assert OPEN.text in call.agent_words


def test_a_response_that_a_turn_has_cut_off_is_not_the_answer_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(monkeypatch)
    response: dict[str, Any] = {"id": "cut", "object": "realtime.response", "output": []}

    async def talk(call: QuickCall) -> None:
        answers(monkeypatch, asked=True)
        await sessions.turn_begins()
        await sessions[-1].tell("response.created", response={**response, "status": "in_progress"})
        await sessions[-1].tell("response.done", response={**response, "status": "cancelled"})
        await sessions.turn_ends()
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, lambda _: QUIET, since) <= ASK_SECONDS + 1.0, call.record.errors

    call = called(tmp_path, [OPEN], talk)
    assert codes(call) == ["realtime_late"]


def test_a_caller_who_speaks_again_and_again_into_a_wait_is_no_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sessions(monkeypatch)

    def line(number: int) -> bytes:
        return LOUD[:PIECE] if number % 75 < 15 and number < 500 else QUIET

    async def talk(call: QuickCall) -> None:
        answers(monkeypatch, asked=False, by_itself=False)
        await call.say("When are you open?")
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, line, since) > 500 * 0.02, call.record.errors

    called(tmp_path, [OPEN, TABLE], talk)
