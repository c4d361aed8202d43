"""A realtime server takes a noise for the caller, and drops what it says: it is heard all the same."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from agentrun.call import Call
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls import test_told_turns
from tests.calls.heard import LIMIT
from tests.calls.quick import LOUD, QuickCall, Talk, calls, played
from tests.calls.realtime_server import Event, Server, ended, hours, same
from tests.calls.test_lost_connections import way
from tests.calls.test_public_realtime_bugs import LONG, OPEN, TABLE
from tests.calls.test_realtime_moves import Sessions, failing
from tests.calls.test_told_turns import NOISE, QUIET, silent_on

detector = test_told_turns.detector
BYE = Answer("Goodbye, Ada, and thank you so much for your call this evening.")


def close() -> Tool:
    """A tool that ends the call, and goes on when it is interrupted."""

    @tool(timeout="40s", on_interrupt="finish")
    async def close_call(call: Call, goodbye: str) -> str:
        """End the call."""
        await call.hang_up(goodbye)
        return "over"

    return build(close_call, "shop")


def called(folder: Path, own: Tool, answers: Sequence[Answer], talk: Talk) -> QuickCall:
    return played(folder, "realtime", [own], answers, talk, apology=LOUD * 2)


async def cut(sessions: Sessions, *, ends: bool) -> None:
    """The server tells of a turn, drops its answer, and may tell of the turn's end."""
    await sessions.turn_begins()
    if sessions[-1]._response:
        await sessions[-1]._response.cancel("turn_detected")
    if ends:
        await asyncio.sleep(0.3)
        await sessions.turn_ends()


class Begun:
    """A response of which 10 ms of sound come, too little to be heard, and no end."""

    def __init__(self) -> None:
        self.response: dict[str, Any] = {}
        self._sounds = False

    def change(self, kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind == "response.created":
            self.response = fields["response"]
        if self._sounds and kind.startswith("response."):
            return []
        if kind == "response.output_audio.delta":
            self._sounds = True
            fields = {**fields, "delta": base64.b64encode(LOUD[2_000:2_480]).decode()}
        return [(kind, fields)]

    async def end(self, sessions: Sessions) -> None:
        """It is cancelled, for somebody is taken to speak."""
        if self._sounds:
            cancelled = {"status": "cancelled", "status_details": {"reason": "turn_detected"}}
            await sessions[-1].tell("response.done", response={**self.response, **cancelled, "output": []})


async def until_over(call: QuickCall, line: bytes = QUIET, seconds: float = 40.0) -> None:
    """The line brings ``line`` until the call has ended."""
    await call.play(line * round(seconds * 50), lambda: call.record.ended)


@pytest.mark.parametrize("line", [QUIET, NOISE], ids=["silent", "loud"])
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("name", ["close_call", "hang_up"])
def test_a_goodbye_that_a_noise_cuts_off_is_heard_before_the_call_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, ends: bool, name: str
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        noise = asyncio.create_task(call.transport.hear(line * 15))
        await cut(sessions, ends=ends)
        await noise
        await until_over(call)

    script = [calls(name, goodbye=BYE.text), *[BYE] * 3]
    call = called(tmp_path, close() if name == "close_call" else way(name), script, talk)
    last = [entry for entry in call.record.transcript if entry.who == "agent"][-1]
    assert (last.text, last.interrupted) == (BYE.text, False), call.record.transcript
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


def test_a_line_that_cuts_each_goodbye_off_does_not_keep_the_call_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        while not call.record.ended:
            await call.until(lambda: call.speaking or call.record.ended)
            await asyncio.sleep(0.6)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await cut(sessions, ends=True)
            await until_over(call, seconds=0.7)

    call = called(tmp_path, close(), [calls("close_call", goodbye=BYE.text), *[BYE] * 40], talk)
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


def test_a_caller_who_speaks_over_the_goodbye_is_not_hung_up_on(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        await call.say("One more thing.")
        await call.said(TABLE.text)

    call = called(tmp_path, close(), [calls("close_call", goodbye=BYE.text), BYE, *[TABLE] * 3], talk)
    assert call.record.ended_by == "caller"
    assert sum(BYE.text in words for words in call.agent_words) <= 1


@pytest.mark.parametrize("latency", [0.0, 2.0])
@pytest.mark.parametrize("seconds", [0.36, 0.6, 1.5])
@pytest.mark.parametrize("name", ["close_call", "hang_up"])
def test_a_caller_who_speaks_briefly_over_the_goodbye_is_not_hung_up_on(
    tmp_path: Path, seconds: float, latency: float, name: str
) -> None:
    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        call.openai.conditions.latency["responses"] = latency
        await call.play(LOUD[: len(QUIET)] * round(seconds * 50))
        await until_over(call, seconds=4.0)
        await call.said(TABLE.text)

    script = [calls(name, goodbye=BYE.text), BYE, *[TABLE] * 3]
    call = called(tmp_path, close() if name == "close_call" else way(name), script, talk)
    assert call.record.ended_by == "caller", call.record.reason


def test_a_caller_who_speaks_before_the_goodbye_has_begun_has_it_given_up_at_once(tmp_path: Path) -> None:
    async def talk(call: QuickCall) -> None:
        call.openai.conditions.latency["responses"] = 3.0
        await call.say("That was all.")
        await call.until(lambda: call.session.parts.response_deadline.tools)
        await asyncio.sleep(0.3)
        await call.say("One more thing.")
        await call.until(lambda: call.tool_ended, 2.0)

    call = called(tmp_path, way("hang_up"), [calls("hang_up", goodbye=BYE.text), *[TABLE] * 3], talk)
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["cancelled"]


@pytest.mark.parametrize("name", ["close_call", "hang_up"])
@pytest.mark.parametrize("by", ["keys", "words"])
def test_a_caller_who_presses_a_key_or_writes_over_the_goodbye_is_not_hung_up_on(
    tmp_path: Path, name: str, by: str
) -> None:
    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        await (call.press("1") if by == "keys" else call.write("A table."))
        await call.said(TABLE.text)
        await until_over(call, seconds=5.0)

    script = [calls(name, goodbye=BYE.text), BYE, *[TABLE] * 3]
    own = close() if name == "close_call" else way(name)
    options: dict[str, Any] = {"turns": "keys: {menu: {1: A table}}"} if by == "keys" else {"page": True}
    call = played(tmp_path, "realtime", [own], script, talk, apology=LOUD * 2, **options)
    assert call.record.ended_by == "caller", call.record.reason


@pytest.mark.parametrize("line", [QUIET, NOISE], ids=["silent", "loud"])
@pytest.mark.parametrize("moment", ["answer", "wait", "tool", "later in the tool", "result"])
def test_an_answer_is_not_lost_to_a_noise_in_a_turn_that_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, moment: str
) -> None:
    sessions, server, begun = Sessions(monkeypatch), Server(monkeypatch), Begun()

    async def talk(call: QuickCall) -> None:
        if moment == "wait":
            call.openai.conditions.latency["responses"] = 1.5
        await call.say("When are you open?")
        if moment == "answer":
            await call.until(lambda: call.speaking)
        if moment == "result":
            server.change = begun.change
            await call.until(lambda: call.tool_ended)
            await asyncio.sleep(0.1)
        else:
            await asyncio.sleep(1.1 if moment == "later in the tool" else 0.8)
        call.openai.conditions.latency["responses"] = 0.0
        noise = asyncio.create_task(call.transport.hear(line * 15))
        await cut(sessions, ends=False)
        server.change = same
        await begun.end(sessions)
        await noise
        await call.until(lambda: not call.speaking)
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, lambda _: QUIET, since) <= LIMIT, call.record.errors
        await call.said(OPEN.text)

    first = {"answer": LONG, "wait": LONG}.get(moment, calls("hours"))
    call = called(tmp_path, hours(2.0), [first, *[OPEN] * 3], talk)
    assert call.record.ended_by == "caller", call.record.errors


@pytest.mark.parametrize("limited", [False, True])
def test_an_answer_that_is_heard_in_a_turn_without_end_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    sessions, server = Sessions(monkeypatch), Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = failing("Please try again in 1.5s.", 1) if limited else ended("completed")
        await call.say("When are you open?")
        await asyncio.sleep(0.6)
        server.change = same
        await cut(sessions, ends=False)
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, lambda _: QUIET, since) <= LIMIT, call.record.errors
        await call.play(QUIET * 600)

    call = called(tmp_path, hours(2.0), [OPEN] * 9, talk)
    assert call.agent_words == ["Hello.", OPEN.text]


def test_a_turn_without_end_right_behind_the_callers_words_does_not_silence_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await cut(sessions, ends=False)
        await call.until(lambda: not call.speaking)
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, lambda _: QUIET, since) < LIMIT, call.record.errors
        await call.said(OPEN.text)

    call = called(tmp_path, hours(2.0), [LONG, *[OPEN] * 3], talk)
    assert call.record.ended_by == "caller", call.record.errors


def test_noises_that_keep_a_turn_open_for_the_server_do_not_silence_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, server = Sessions(monkeypatch), Server(monkeypatch)

    def stuck(kind: str, fields: dict[str, Any]) -> list[Event]:
        return [] if kind.startswith("input_audio_buffer.") else same(kind, fields)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(1.0)
        noise = asyncio.create_task(call.transport.hear(NOISE * 15))
        await cut(sessions, ends=False)
        await noise
        server.change = stuck
        test_told_turns.answers(monkeypatch, asked=True)
        await call.until(lambda: not call.speaking)
        since = asyncio.get_running_loop().time()
        assert await silent_on(call, test_told_turns.hammering, since) <= LIMIT, call.record.errors
        await call.said(OPEN.text)

    call = called(tmp_path, hours(2.0), [LONG, *[OPEN] * 3], talk)
    assert call.record.ended_by == "caller", call.record.errors
