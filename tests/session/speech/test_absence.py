"""A caller whose network drops for some seconds is spoken to again where they were."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.transports import connection
from tests.calls import quick
from tests.calls.quick import QuickCall, calls, played

STORY = "We are open from six to eleven. We are closed on Mondays and on Tuesdays."
RESUME = "Sorry, we were cut off for a moment."
REST = "We are closed on Mondays."
GRACE = 10.0


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line whose callers may come back."""

    def made(*given: Any, **more: Any) -> connection.Connection:
        return replace(connection.Connection(*given, **more), returns_within=GRACE)

    monkeypatch.setattr(quick, "Connection", made)


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
def test_who_comes_back_in_time_hears_so_and_is_answered(tmp_path: Path, style: str) -> None:
    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        await call.transport.hang_up()
        await asyncio.sleep(6.0)
        assert not call.speaking
        await call.transport.connect()
        await call.said(RESUME if style == "realtime" else REST)
        await call.say("And on Sundays?")
        await call.said("On Sundays too.")

    again = RESUME if style == "realtime" else REST
    answers = [Answer(STORY), Answer(again), Answer("On Sundays too.")]
    call = played(tmp_path, style, [], answers, talk)
    assert STORY not in call.agent_words, "what was said to nobody is not told as heard"
    assert RESUME in call.agent_words
    assert call.agent_words[-2:] == [again, "On Sundays too."]
    assert call.record.ended_by == "caller"
    assert call.record.errors == ["line_interrupted: the caller was away for 6.0 s, and is back"]


def test_who_has_missed_nothing_is_not_told_of_it(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        await call.transport.hang_up()
        await asyncio.sleep(5.0)
        await call.transport.connect()
        await asyncio.sleep(1.0)
        await call.say("When are you open?")
        await call.said("From six.")

    assert played(tmp_path, "cascaded", [], [Answer("From six.")], talk).agent_words == [
        "Hello.",
        "From six.",
    ]


def test_who_stays_away_has_left_when_they_left(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        await asyncio.sleep(5.0)
        await call.transport.hang_up()
        await call.until(call.session.parts.worker.has_finished, 60)

    call = played(tmp_path, "cascaded", [], [], talk, turns="idle: {after: 3s, say: Hello?}, ")
    assert (call.record.ended_by, call.record.reason) == ("caller", "the caller hung up")
    assert call.record.elapsed() < GRACE, "the wait is not of the call"


def test_who_waits_for_an_answer_gets_it_when_they_are_back(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.latency["chat"] = 1.5
        await call.say("When are you open?")
        await asyncio.sleep(0.5)
        await call.transport.hang_up()
        await asyncio.sleep(6.0)
        assert not call.speaking
        await call.transport.connect()
        await call.said("From six, as I said.")

    call = played(tmp_path, "cascaded", [], [Answer("From six."), Answer("From six, as I said.")], talk)
    assert call.agent_words == ["Hello.", RESUME, "From six, as I said."]
    assert [error.partition(":")[0] for error in call.record.errors] == ["line_interrupted"]


@pytest.mark.parametrize("away", [1.0, 6.0])
def test_a_tool_works_on_while_its_caller_is_away(tmp_path: Path, away: float) -> None:
    @tool()
    async def book() -> str:
        """Book."""
        await asyncio.sleep(3.0)
        return "booked"

    async def talk(call: QuickCall) -> None:
        await call.say("Book a table.")
        await asyncio.sleep(1.0)
        await call.transport.hang_up()
        await asyncio.sleep(away)
        await call.transport.connect()
        await call.said("It is booked.")

    answers = [calls("book"), Answer("It is booked."), Answer("It is booked.")]
    call = played(tmp_path, "cascaded", [build(book, "desk")], answers, talk)
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["ok"]
    assert call.agent_words == ["Hello.", RESUME, "It is booked."]
    assert [error.partition(":")[0] for error in call.record.errors] == ["line_interrupted"]
