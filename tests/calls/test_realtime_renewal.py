"""A realtime model is connected anew in the middle of a call: nobody's words are lost with the session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pipecat.services.openai.realtime import llm as pipecat_realtime

from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses.realtime import reconnection
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from agentrun.tools.tool import Tool
from tests.calls.quick import LOUD, QuickCall, calls, quick_call
from tests.calls.test_handoff import MINE, prepare

OPEN = Answer("We are open from six to eleven.")
MINUTES_55 = 55 * 60.0


def sessions(call: QuickCall) -> int:
    """How many sessions the model was asked for."""
    return sum(request.route == "realtime" for request in call.openai.requests)


def errors(call: QuickCall) -> list[str]:
    return [error.partition(":")[0] for error in call.record.errors]


def slow_connections(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Every connection but the first takes ``seconds``."""
    module: Any = pipecat_realtime
    connect, made = module.websocket_connect, list[float]()

    async def slow(**address: Any) -> Any:
        made.append(seconds)
        if len(made) > 1:
            await asyncio.sleep(seconds)
        return await connect(**address)

    monkeypatch.setattr(module, "websocket_connect", slow)


def tool(seconds: float) -> Tool:
    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        await asyncio.sleep(seconds)
        return "from six to eleven"

    schema = {"type": "object", "properties": {}}
    return Tool("hours", "Opening hours.", schema, plugin="p", origin="o", run=run, say="")


@pytest.mark.parametrize("moment", ["thinking", "tool"])
def test_a_session_is_not_renewed_while_the_caller_waits_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(reconnection, "RENEW_SECONDS", MINUTES_55)

    async def talk() -> QuickCall:
        script = [calls("hours"), OPEN] if moment == "tool" else [OPEN]
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [tool(3.0)], script, resources=resources) as call,
        ):
            call.openai.conditions.latency["responses"] = 1.5 if moment == "thinking" else 0.0
            await call.say("When are you open?")
            await asyncio.sleep(0.4)
            monkeypatch.setattr(reconnection, "RENEW_SECONDS", 0.1)
            await call.said(OPEN.text)
            assert sessions(call) == 1
            await call.until(lambda: sessions(call) == 2, 10)
            monkeypatch.setattr(reconnection, "RENEW_SECONDS", MINUTES_55)
            await asyncio.sleep(3)
            return call

    call = virtual_time.run(talk())
    assert call.record.errors == []
    assert call.agent_words == ["Hello.", OPEN.text]


@pytest.mark.parametrize(("latency", "pause"), [(1.8, 2.2), (1.2, 0.0)])
def test_a_session_that_is_slow_to_begin_is_given_the_conversation_and_what_the_caller_says_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, latency: float, pause: float
) -> None:
    monkeypatch.setattr(reconnection, "RENEW_SECONDS", 3.0)

    async def talk() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [], [OPEN], resources=resources) as call,
        ):
            call.openai.conditions.latency["realtime"] = latency
            await call.until(lambda: sessions(call) == 2, 10)
            monkeypatch.setattr(reconnection, "RENEW_SECONDS", MINUTES_55)
            await asyncio.sleep(pause)
            await call.say("When are you open?")
            await call.said(OPEN.text)
            return call

    call = virtual_time.run(talk())
    assert "Hello." in str(call.brain.asked[-1].messages)
    assert (call.record.errors, sessions(call)) == ([], 2)


@pytest.mark.parametrize("seconds", [0.0, 0.45, 2.2])
def test_a_colleague_whose_connection_takes_its_time_is_no_lost_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    prepare(tmp_path, "realtime", "cedar")
    slow_connections(monkeypatch, seconds)

    async def talk() -> QuickCall:
        script = [calls("handoff", to="billing", words=""), MINE, Answer("Unasked.")]
        async with (
            Resources() as resources,
            quick_call(
                tmp_path, "realtime", [], script, resources=resources, more="handoff: billing\n"
            ) as call,
        ):
            await call.say("About my invoice.")
            await call.said(MINE.text)
            await asyncio.sleep(6)
            return call

    call = virtual_time.run(talk())
    assert (call.record.errors, sessions(call)) == ([], 2)
    assert call.agent_words == ["Hello.", MINE.text]


def test_a_caller_who_spoke_when_the_connection_broke_is_not_taken_to_speak_for_ever(tmp_path: Path) -> None:
    fault = Fault("close", times=1, after=1_000_000)

    async def talk() -> QuickCall:
        answers = [Answer("We were cut off."), Answer("Still there?"), Answer("A table, then.")]
        turns = "idle: {after: 2s, say: Still there?}, keys: {menu: {1: I want to book}}"
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "realtime", [], answers),
                resources=resources,
                turns=turns,
                faults={"realtime": fault},
            ) as call,
        ):
            await call.transport.hear(LOUD)
            await asyncio.sleep(0.3)
            fault.after = 0
            await call.transport.hear(LOUD)
            await call.said("We were cut off.")
            await call.said("Still there?")
            await call.press("1")
            await call.said("A table, then.")
            return call

    call = virtual_time.run(talk())
    assert errors(call) == ["realtime_lost"]


@pytest.mark.parametrize(("urgent", "last"), [(1.0, 99.0), (99.0, 99.0), (1.0, 2.0)])
def test_a_line_that_is_never_quiet_is_renewed_before_the_session_s_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, urgent: float, last: float
) -> None:
    """``urgent`` and ``last`` are how long after the caller's noise began either may be, in seconds."""
    monkeypatch.setattr(reconnection, "RENEW_SECONDS", MINUTES_55)

    async def talk() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [], [OPEN], resources=resources) as call,
        ):
            for name, seconds in (("RENEW", 0.0), ("URGENT", urgent), ("LAST", last)):
                monkeypatch.setattr(reconnection, f"{name}_SECONDS", seconds)
            call.session.parts.response_deadline.voice_began()
            if last < 9:
                await call.transport.hear(LOUD)
            await asyncio.sleep(4)
            return call

    call = virtual_time.run(talk())
    assert sessions(call) > 1 if urgent < 9 else sessions(call) == 1
    assert call.record.errors == []
