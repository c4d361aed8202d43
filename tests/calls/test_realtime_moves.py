"""What realtime servers do beside answering: each move has an outcome, and the call goes on where it can."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from agentrun.pipeline.pipecat_private.realtime.missing_end import LATE_SECONDS, NEVER_SECONDS
from agentrun.session.responses.realtime.unasked_answer import ASK_SECONDS
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.openai.realtime.response import RealtimeResponse
from agentrun.simulate.openai.realtime.session import RealtimeSession
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import QuickCall, calls
from tests.calls.realtime_server import Event, Server
from tests.calls.test_public_realtime_bugs import LONG, OPEN, TABLE, called

FAILED: dict[str, Any] = {"type": "requests", "code": "rate_limit_exceeded", "message": "Rate limit reached."}


class Sessions(list[RealtimeSession]):
    """The sessions of the mock server, as they begin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        begin = RealtimeSession.begin

        async def keep(owner: RealtimeSession) -> None:
            self.append(owner)
            await begin(owner)

        monkeypatch.setattr(RealtimeSession, "begin", keep)

    async def turn_begins(self, item: str = "noise") -> None:
        """The server tells that the caller speaks."""
        await self[-1].tell("input_audio_buffer.speech_started", audio_start_ms=1, item_id=item)

    async def turn_ends(self, item: str = "noise") -> None:
        """The server tells that the caller is silent, and takes the turn."""
        await self[-1].tell("input_audio_buffer.speech_stopped", audio_end_ms=2, item_id=item)
        await self[-1].tell("input_audio_buffer.committed", previous_item_id=None, item_id=item)


async def heard_soon(call: QuickCall, words: str) -> float:
    """Wait until ``words`` have been said: the seconds until anything was heard."""
    since = asyncio.get_running_loop().time()
    await call.until(lambda: words in str(call.agent_words) and heard_after(call, since) < 99, 25)
    silent = heard_after(call, since)
    assert silent <= LIMIT, call.record.errors
    return silent


def codes(call: QuickCall) -> list[str]:
    return [error.partition(":")[0] for error in call.record.errors]


def failing(message: str, times: int) -> Callable[[str, dict[str, Any]], list[Event]]:
    """The next responses fail before a word, so many of them."""
    left = [times]

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        if not left[0]:
            return [(kind, fields)]
        if kind == "response.done":
            left[0] -= 1
            details = {"type": "failed", "error": {**FAILED, "message": message}}
            failed = {**fields["response"], "status": "failed", "status_details": details, "output": []}
            return [(kind, {"response": failed})]
        of_answer = kind.startswith(("response.output", "response.content")) or "assistant" in str(fields)
        return [] if of_answer else [(kind, fields)]

    return change


@pytest.mark.parametrize(
    ("message", "times", "seconds"),
    [
        ("Please try again in 700ms.", 1, 0.7),
        ("Rate limit reached.", 1, 1.0),
        ("Please try again in 1.5s.", 2, 3.0),
        ("Please try again in 60s.", 1, 2.0),
    ],
)
def test_a_model_whose_rate_is_too_high_is_left_alone_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, times: int, seconds: float
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = failing(message, times)
        await call.say("When are you open?")
        assert seconds <= await heard_soon(call, OPEN.text) < seconds + 1.5

    call = called(tmp_path, [*[Answer("Lost.")] * times, OPEN], talk)
    assert call.record.ended_by == "caller"


def test_a_caller_who_says_it_again_while_the_rate_is_waited_for_is_answered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = failing("Please try again in 2s.", 1)
        await call.say("When are you open?")
        await asyncio.sleep(1.0)
        await call.say("When are you open?")
        await call.said(LONG.text)
        await asyncio.sleep(3.0)

    call = called(tmp_path, [Answer("Lost."), LONG, TABLE], talk)
    assert call.agent_words == ["Hello.", LONG.text]


def test_a_model_whose_rate_stays_too_high_is_apologised_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = failing("Please try again in 60s.", 9)
        await call.say("When are you open?")
        assert await heard_soon(call, "I am sorry.") > 2.0

    call = called(tmp_path, [Answer("Lost.")] * 9, talk)
    assert "rate_limit_exceeded" in call.record.reason


def test_a_noise_that_cuts_an_answer_off_and_is_not_answered_costs_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """livekit/livekit 4484: the agent was cut off by a small noise, and said nothing more."""
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(0.4)
        await sessions.turn_begins()
        await asyncio.sleep(0.3)
        await sessions.turn_ends()
        assert await heard_soon(call, TABLE.text) == pytest.approx(ASK_SECONDS, abs=0.5)

    call = called(tmp_path, [LONG, TABLE], talk)
    assert codes(call) == ["realtime_late"]


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_to_a_tool_s_result_that_the_server_refuses_to_begin_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """ssdavidai/alfred 94: "already has an active response", twice, and the results were never spoken."""
    sessions, refused = Sessions(monkeypatch), list[str]()

    async def talk(call: QuickCall) -> None:
        server, create = sessions[-1], sessions[-1]._create_response

        async def refuse(event: dict[str, Any]) -> None:
            if not event or len(refused) == times:
                await create(event)
                return
            refused.append(str(event.get("event_id")))
            code = "conversation_already_has_active_response"
            await server.error(code, "Conversation already has an active response.", event.get("event_id"))

        monkeypatch.setattr(server, "_create_response", refuse)
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)

    call = called(tmp_path, [calls("hours"), OPEN], talk)
    assert len(refused) == times
    assert call.agent_words == ["Hello.", OPEN.text]


@pytest.mark.parametrize("tool", [False, True])
def test_a_server_that_ends_no_response_is_no_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: bool
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = lambda kind, fields: [] if kind == "response.done" else [(kind, fields)]
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)
        for _ in range(2):
            await asyncio.sleep(LATE_SECONDS * 3)
            await call.say("And a table?")
            await call.until(lambda: call.speaking)
        await asyncio.sleep((LATE_SECONDS + NEVER_SECONDS) * 1.5)

    first = [calls("hours")] if tool else []
    call = called(tmp_path, [*first, OPEN, TABLE, OPEN], talk)
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text, OPEN.text]
    assert codes(call) == ["skipped_event"] * 3
    assert call.record.ended_by == "caller"


def test_an_answer_of_two_parts_with_a_pause_between_them_is_heard_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """livekit/agents 5684 and 5768: of a preamble and an answer, only the preamble was heard."""

    async def run(owner: RealtimeResponse) -> None:
        await owner._session.tell("response.created", response=owner._as_json("in_progress"))
        await owner._speak(TABLE)
        await asyncio.sleep(5.0)
        await owner._speak(OPEN)
        await owner._end()

    async def talk(call: QuickCall) -> None:
        monkeypatch.setattr(RealtimeResponse, "run", run)
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)
        await asyncio.sleep(5.0)

    call = called(tmp_path, [], talk)
    assert call.agent_words == ["Hello.", TABLE.text, OPEN.text]


def test_an_idle_timeout_of_the_server_s_is_an_answer_of_the_model_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await asyncio.sleep(3.0)
        server = sessions[-1]
        times = {"audio_start_ms": 1, "audio_end_ms": 2}
        await server.tell("input_audio_buffer.timeout_triggered", item_id="t", **times)
        await server._create_response({})
        await call.said(TABLE.text)
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = called(tmp_path, [TABLE, OPEN], talk)
    assert call.record.errors == []


@pytest.mark.parametrize("seconds", [3.0, 6.0])
def test_the_end_of_the_caller_s_turn_may_be_told_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    sessions = Sessions(monkeypatch)

    async def talk(call: QuickCall) -> None:
        stopped: Callable[..., Awaitable[None]] = sessions[-1]._speech_stopped

        async def late(turns: Any) -> None:
            await asyncio.sleep(seconds)
            await stopped(turns)

        monkeypatch.setattr(sessions[-1], "_speech_stopped", late)
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)

    call = called(tmp_path, [OPEN], talk)
    assert call.record.errors == []


def test_a_ping_that_is_never_answered_costs_a_new_connection_and_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(monkeypatch)
    pings: list[asyncio.Future[float]] = []

    async def ping(_socket: ClientConnection, _data: object = None) -> asyncio.Future[float]:
        pings.append(asyncio.get_running_loop().create_future())
        return pings[-1]

    async def talk(call: QuickCall) -> None:
        monkeypatch.setattr(ClientConnection, "ping", ping)
        await call.until(lambda: TABLE.text in call.agent_words and not call.speaking, 60)
        monkeypatch.undo()
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)

    call = called(tmp_path, [TABLE, OPEN], talk)
    assert len(pings) == 1
    assert [error for error in call.record.errors if "keepalive ping timeout" in error] == call.record.errors
