"""A realtime connection is lost at a moment at which no words are lost with it, or last words are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrun.plugins.builtin import tool_of
from agentrun.session.responses.remedies import RESUME
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.realtime.sockets import EndOfSocketError
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.tools.tool import Tool
from tests.calls.quick import LOUD, QuickCall, calls, played
from tests.calls.realtime_server import Change, Event, Server, hours, same
from tests.calls.test_ends_of_responses import cut_after
from tests.calls.test_on_fault import Company
from tests.calls.test_public_realtime_bugs import LONG, OPEN, TABLE, called
from tests.calls.test_realtime_moves import codes

BYE = "Goodbye, and thank you so much for your call this evening, do call again."
WAYS = {
    "hang_up": (ToolUse(use="hang_up"), {"goodbye": BYE}),
    "transfer": (ToolUse(use="transfer", to={"billing": "+15557654321"}), {"to": "billing", "words": BYE}),
}


def way(name: str) -> Tool:
    [tool] = [found for found, _ in [tool_of(WAYS[name][0])] if found]
    return tool


async def until_over(call: QuickCall) -> None:
    await call.play(bytes(40 * 32_000), lambda: call.record.ended)


@pytest.mark.parametrize(("times", "after"), [(1, 0.2), (1, 1.0), (2, 1.0)])
def test_an_answer_that_has_come_whole_is_heard_and_nothing_is_said_of_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, after: float
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        for _ in range(times):
            await call.play(bytes(round(32_000 * after)))
            server.closes.append(1011)
        await call.play(bytes(12 * 32_000))
        await call.say("And a table?")
        await call.said(TABLE.text)

    call = called(tmp_path, [LONG, TABLE], talk)
    assert call.agent_words == ["Hello.", LONG.text, TABLE.text]
    assert codes(call) == ["realtime_lost"] * times
    assert RESUME not in str(call.brain.asked)


@pytest.mark.parametrize("after", [1.0, 1.7])
@pytest.mark.parametrize("times", [1, 2])
def test_the_result_of_a_tool_is_answered_once_over_the_next_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float, times: int
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.play(bytes(round(after * 32_000) // 640 * 640))
        for _ in range(times):
            server.closes.append(1011)
            await call.play(bytes(32_000))
        await call.play(bytes(20 * 32_000))

    call = played(tmp_path, "realtime", [hours(3.0)], [calls("hours"), OPEN, TABLE], talk, apology=LOUD * 2)
    assert call.agent_words == ["Hello.", OPEN.text], call.record.errors
    assert "from six to eleven" in str(call.brain.asked[-1].messages)


@pytest.mark.parametrize("code", [1011, None])
def test_a_result_that_was_given_to_a_connection_that_is_dead_is_answered_over_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    server = Server(monkeypatch)

    def die(event: dict[str, Any]) -> str:
        if (event.get("item") or {}).get("type") == "function_call_output":
            raise EndOfSocketError(code)
        return ""

    async def talk(call: QuickCall) -> None:
        server.why_refused = die
        await call.say("When are you open?")
        await call.play(bytes(12 * 32_000))

    call = played(tmp_path, "realtime", [hours(1.0)], [calls("hours"), OPEN, TABLE], talk, apology=LOUD * 2)
    assert call.agent_words == ["Hello.", OPEN.text], call.record.errors
    assert codes(call) == ["realtime_lost"]
    assert "from six to eleven" in str(call.brain.asked[-1].messages)
    assert RESUME not in str(call.brain.asked)


def test_a_result_behind_words_that_are_being_heard_is_answered_over_the_next_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.tool_ended)
        server.closes.append(1011)
        await call.play(bytes(25 * 32_000))

    script = [replace(calls("hours"), text=BYE), OPEN, TABLE]
    call = played(tmp_path, "realtime", [hours(0.5)], script, talk, apology=LOUD * 2)
    assert call.agent_words == ["Hello.", BYE, OPEN.text], call.record.errors
    given = [item["type"] for item in map(item_of, server.taken) if "from six to eleven" in str(item)]
    assert given == ["function_call_output", "message"], "the next session knows of no call"
    assert RESUME not in str(call.brain.asked)


def item_of(event: dict[str, Any]) -> dict[str, Any]:
    """The item of the conversation that a client has made."""
    return event.get("item") or {}


def test_keys_are_answered_over_the_next_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        call.openai.conditions.latency["responses"] = 2.0
        await call.press("1")
        await call.play(bytes(32_000))
        call.openai.conditions.latency["responses"] = 0.0
        server.closes.append(1011)
        await call.play(bytes(10 * 32_000))

    keys = "keys: {menu: {1: A table}}"
    call = played(tmp_path, "realtime", [], [OPEN, TABLE], talk, apology=LOUD * 2, turns=keys)
    assert codes(call) == ["realtime_lost"]
    assert call.agent_words == ["Hello.", OPEN.text], call.record.errors
    assert "A table" in str(call.brain.asked[-1].messages)
    assert RESUME not in str(call.brain.asked)


def test_what_has_come_of_an_answer_is_heard_before_the_apology_of_a_model_that_can_not_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await call.play(bytes(32_000))
        call.openai.conditions.faults["realtime"] = Fault("refuse")
        server.closes.append(1011)
        await until_over(call)

    call = called(tmp_path, [LONG], talk)
    said = [(entry.text, entry.interrupted) for entry in call.record.transcript if entry.who == "agent"]
    assert said == [("Hello.", False), (LONG.text, False), ("I am sorry.", False)]
    assert call.record.ended_by == "error"


def last_words(folder: Path, name: str, answers: Sequence[Answer], talk: Any) -> QuickCall:
    script = [calls(name, **WAYS[name][1]), *answers]
    return played(folder, "realtime", [way(name)], script, talk, apology=LOUD * 2, control=Company("takes"))


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("times", [1, 2])
def test_last_words_that_have_come_whole_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, times: int
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        for _ in range(times):
            await call.play(bytes(32_000))
            server.closes.append(1011)
        await until_over(call)

    call = last_words(tmp_path, name, [Answer(BYE)] * 4, talk)
    assert call.agent_words == ["Hello.", BYE], call.record.errors
    assert call.record.ended_by == "agent"


@pytest.mark.parametrize("name", WAYS)
def test_last_words_that_are_lost_in_the_middle_are_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    server = Server(monkeypatch)
    pieces: list[str] = []

    def half(kind: str, fields: dict[str, Any]) -> list[Event]:
        pieces.extend([kind] if kind == "response.output_audio.delta" else [])
        return [(kind, fields)] if len(pieces) < 3 else []

    async def talk(call: QuickCall) -> None:
        server.change = half
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        server.closes.append(1011)
        server.change = same
        await until_over(call)

    call = last_words(tmp_path, name, [Answer(BYE)] * 4, talk)
    assert call.agent_words[-1] == BYE, call.record.transcript
    assert RESUME not in str(call.brain.asked)
    assert call.record.ended_by == "agent"


def once_without(unsent: str) -> Change:
    """The next event of a kind is not sent."""
    left = [unsent]

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind in left:
            left.clear()
            return []
        return same(kind, fields)

    return change


@pytest.mark.parametrize("unset", [False, True])
def test_an_answer_that_is_to_be_gone_on_with_outlives_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: bool
) -> None:
    server = Server(monkeypatch)
    failed = {"type": "failed", "error": {"code": "server_error", "message": "No."}}

    async def talk(call: QuickCall) -> None:
        server.change = cut_after(2, "failed", failed)
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        server.change = once_without("session.updated") if unset else same
        await call.until(lambda: not call.speaking)
        server.closes.append(1011)
        await call.play(bytes(15 * 32_000))

    call = called(tmp_path, [LONG, TABLE, TABLE, TABLE], talk)
    assert TABLE.text in call.agent_words[-1], call.record.errors
    assert call.record.ended_by == "caller"
