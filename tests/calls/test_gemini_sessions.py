"""A session of Gemini's goes on over its connections, as long as the call does."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from agentrun.session.responses.realtime import own_connections
from tests.calls import test_gemini_live
from tests.calls.gemini_server import Gemini, Message, end, lose, said, tool_call
from tests.calls.heard import heard_after
from tests.calls.quick import LOUD, QuickCall
from tests.calls.test_gemini_live import AGAIN, OPEN, ask, called, codes, heard_in_time

pytestmark = test_gemini_live.pytestmark


def state(handle: str) -> Message:
    """The server can go on from here, or can't."""
    return {"sessionResumptionUpdate": {"newHandle": handle, "resumable": bool(handle)}}


def leaving(seconds: float) -> Message:
    return {"goAway": {"timeLeft": f"{seconds:g}s"}}


def resumed(gemini: Gemini) -> list[str | None]:
    """From which state each session was to go on."""
    setups = [message["setup"] for message in gemini.taken if "setup" in message]
    return [setup.get("sessionResumption", {}).get("handle") for setup in setups]


def results(gemini: Gemini) -> list[Any]:
    """The results of tools that came to the server, by the id of their call."""
    names = ("tool_response", "toolResponse")
    told = [message[name] for message in gemini.taken for name in names if name in message]
    each = [one.get("functionResponses") or one.get("function_responses") for one in told]
    return [one["id"] for several in each for one in (several if isinstance(several, list) else [several])]


async def until_resumed(call: QuickCall, gemini: Gemini, seconds: float) -> None:
    before = len(gemini.sockets)
    await call.until(lambda: len(gemini.sockets) > before, seconds)
    await asyncio.sleep(0.5)


def test_a_connection_that_is_announced_to_end_is_followed_by_another_in_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        before = len(gemini.sockets)
        await gemini.send(state("h"))
        since = await ask(call, gemini, *said(OPEN, 4.0), leaving(50.0))
        await heard_in_time(call, since)
        assert len(gemini.sockets) == before
        await gemini.send(*end(), state("h2"))
        await until_resumed(call, gemini, 2.0)
        await heard_in_time(call, await ask(call, gemini, *said(AGAIN), *end()))
        await asyncio.sleep(60.0)
        assert len(gemini.sockets) == before + 1
        assert resumed(gemini)[-1] == "h2"

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN, AGAIN], [])


def test_half_an_hour_of_connections_of_ten_minutes_is_one_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles: list[str] = []

    async def talk(call: QuickCall, gemini: Gemini) -> None:
        for minute in range(29):
            if minute % 10 == 9:
                await gemini.send(leaving(50.0))
            await asyncio.sleep(55.0)
            await heard_in_time(call, await ask(call, gemini, *said(f"Answer {minute}."), *end()))
            handles.append(f"h{minute}")
            await gemini.send(state(handles[-1]))
        assert [handle for handle in resumed(gemini) if handle] == ["h8", "h18"]

    call = called(tmp_path, monkeypatch, talk)
    assert (len(call.agent_words), call.record.errors) == (30, [])


def test_a_line_that_is_never_quiet_goes_on_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await gemini.send(state("h"), leaving(20.0))
        call.session.parts.response_deadline.voice_began()
        began = asyncio.get_running_loop().time()
        await until_resumed(call, gemini, 20.0)
        gone_on = asyncio.get_running_loop().time() - began
        assert 20.0 - own_connections.LEFT_SECONDS <= gone_on < 15.0

    assert called(tmp_path, monkeypatch, talk).record.errors == []


@pytest.mark.parametrize("when", ["at setup", "behind it"])
def test_a_state_that_the_server_refuses_is_left_for_the_conversation_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await heard_in_time(call, await ask(call, gemini, *said(OPEN), *end()))
        await gemini.send(state("old"))
        gemini.refuses_state = when
        await lose(gemini.sockets[-1], 1011)
        await asyncio.sleep(2.0)
        assert resumed(gemini)[-1] is None
        assert OPEN in str(gemini.taken)
        await heard_in_time(call, await ask(call, gemini, *said(AGAIN), *end()))

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, set(codes(call))) == (["Hello.", OPEN, AGAIN], {"realtime_lost"})


def test_a_state_from_before_an_answer_is_not_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await gemini.send(state("before"))
        await heard_in_time(call, await ask(call, gemini, *said(OPEN), *end()))
        await lose(gemini.sockets[-1], 1011)
        await asyncio.sleep(1.0)
        assert resumed(gemini)[-1] is None
        await heard_in_time(call, await ask(call, gemini, *said(AGAIN), *end()))

    called(tmp_path, monkeypatch, talk)


@pytest.mark.parametrize("again", [False, True])
def test_a_connection_that_can_not_be_made_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.hangs_up = 2 if again else 1
        since = asyncio.get_running_loop().time()
        await lose(gemini.sockets[-1], 1011)
        await asyncio.sleep(1.0)
        await heard_in_time(call, since if again else await ask(call, gemini, *said(OPEN), *end()))

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words == ["Hello.", "I am sorry." if again else OPEN]


@pytest.mark.parametrize("handle", ["h", ""])
def test_results_of_tools_are_given_once_over_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: str
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said(OPEN), *end()])
        await heard_in_time(call, await ask(call, gemini, tool_call("hours")))
        if handle:
            await gemini.send(state(handle))
        await lose(gemini.sockets[-1], 1011)
        await asyncio.sleep(1.0)
        gemini.answers.append([*said(AGAIN), *end()])
        await heard_in_time(call, await ask(call, gemini, tool_call("hours", "c2")))
        assert results(gemini) == ["c1", "c2"]

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words == ["Hello.", OPEN, AGAIN]


@pytest.mark.parametrize("handle", ["h", ""])
def test_a_tool_that_ends_while_there_is_no_connection_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: str
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        since = await ask(call, gemini, tool_call("hours"), *[state(handle)] * bool(handle))
        gemini.answers.append([*said(OPEN), *end()])
        await asyncio.sleep(0.3)
        gemini.delay = 1.5
        await lose(gemini.sockets[-1], 1011)
        await heard_in_time(call, since)
        assert "from six to eleven" in str(gemini.taken)

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words == ["Hello.", OPEN]


def test_what_the_caller_says_while_a_connection_is_made_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.delay = 1.0
        await gemini.send(state("h"))
        before = gemini.heard
        await lose(gemini.sockets[-1], 1011)
        await asyncio.sleep(0.4)
        await call.transport.hear(LOUD)
        await asyncio.sleep(1.5)
        assert gemini.heard - before == pytest.approx(len(LOUD), abs=len(LOUD) / 10)

    called(tmp_path, monkeypatch, talk)


def test_a_caller_who_hangs_up_while_another_connection_is_made_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.delay = 1.0
        await gemini.send(state("h"), leaving(50.0))
        await asyncio.sleep(0.5)
        await call.transport.hang_up()
        await asyncio.sleep(5.0)
        assert all(socket.close_code for socket in gemini.sockets)
        assert heard_after(call, 0.0) < math.inf

    call = called(tmp_path, monkeypatch, talk)
    assert (call.record.ended_by, call.record.errors) == ("caller", [])


@pytest.mark.parametrize(
    ("written", "compressed"),
    [
        ("", {"sliding_window": {}}),
        ("trigger_tokens: 7000", {"sliding_window": {}, "trigger_tokens": 7000}),
        ("enabled: false", None),
    ],
    ids=["nothing", "some", "none"],
)
def test_the_context_window_is_compressed_unless_the_spec_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, compressed: Message | None
) -> None:
    more = f", context_window_compression: {{{{{written}}}}}" if written else ""
    overrides = [("pipeline.realtime", f"{{{{model: gemini-live{more}}}}}")]
    monkeypatch.setattr(test_gemini_live, "OVERRIDES", overrides)

    async def talk(_call: QuickCall, gemini: Gemini) -> None:
        assert gemini.taken[0]["setup"].get("contextWindowCompression") == compressed

    called(tmp_path, monkeypatch, talk)
