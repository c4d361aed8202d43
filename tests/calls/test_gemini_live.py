"""Gemini Live by Pipecat's service against a server on loopback: the caller hears something in any case."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from google.genai import live
from pipecat.frames.frames import VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.testing import virtual_time
from tests.calls.gemini_server import Gemini, Message, end, gemini_server, lose, said, tool_call
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import LOUD, QuickCall, quick_call
from tests.calls.realtime_server import hours

# Google's client warns of what Pipecat 1.14 gives it, and warnings are errors here
pytestmark = pytest.mark.filterwarnings("ignore:Setting `LiveConnectConfig:DeprecationWarning")
OPEN, AGAIN = "We are open from six to eleven.", "Once more."
OVERRIDES = [("pipeline.realtime", "gemini-live")]
Talk = Callable[[QuickCall, Gemini], Awaitable[None]]


def refuse(*_: object, **__: object) -> object:
    """Stands for a connection to where nobody is."""
    raise OSError("nobody is there")


def called(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    talk: Talk,
    *,
    greeted: bool = True,
    refuses: bool = False,
    page: bool = False,
) -> QuickCall:
    """A call over Gemini's model, which greets."""

    async def run() -> QuickCall:
        async with Resources() as resources, gemini_server(monkeypatch) as gemini:
            gemini.answers.extend([[*said("Hello.", 0.5), *end()]] * greeted)
            gemini.sets_up = greeted
            if refuses:
                monkeypatch.setattr(live, "ws_connect", refuse)
            async with quick_call(
                *(folder, "realtime", [hours()], []),
                resources=resources,
                apology=LOUD * 2,
                environ={"GOOGLE_API_KEY": "test"},
                overrides=OVERRIDES,
                turns="detection: silence, silence: 300ms",
                greeted=greeted,
                page=page,
            ) as call:
                await talk(call, gemini)
                return call

    return virtual_time.run(run())


async def speak(call: QuickCall, seconds: float = 0.6) -> float:
    """The caller says something, which is noticed: when they were at the end, by the loop's clock."""
    worker = call.session.parts.worker
    await worker.queue_frame(VADUserStartedSpeakingFrame())
    await asyncio.sleep(seconds)
    await worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await asyncio.sleep(0.1)
    return asyncio.get_running_loop().time()


async def heard_in_time(call: QuickCall, since: float) -> None:
    """Something is heard soon after ``since``, and to its end."""
    with contextlib.suppress(TimeoutError):
        await call.until(lambda: heard_after(call, since) < LIMIT + 1, LIMIT + 2)
    assert heard_after(call, since) <= LIMIT, call.record.errors
    await call.until(lambda: not call.speaking)


async def ask(call: QuickCall, gemini: Gemini, *messages: Message) -> float:
    """The caller asks, and the server sends ``messages``."""
    since = await speak(call)
    await asyncio.sleep(0.5)
    await gemini.send(*messages)
    return since


def codes(call: QuickCall) -> list[str]:
    return [error.partition(":")[0] for error in call.record.errors]


def test_two_questions_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        for words in (OPEN, AGAIN):
            await heard_in_time(call, await ask(call, gemini, *said(words), *end()))

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN, AGAIN], [])


def test_a_model_that_goes_deaf_is_apologised_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await heard_in_time(call, await ask(call, gemini))

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, codes(call)) == (["Hello.", "I am sorry."], ["realtime_late"] * 2)


def test_a_session_that_is_never_set_up_is_apologised_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, _gemini: Gemini) -> None:
        await heard_in_time(call, asyncio.get_running_loop().time())

    call = called(tmp_path, monkeypatch, talk, greeted=False)
    assert call.agent_words == ["I am sorry."]
    assert call.record.errors


@pytest.mark.parametrize("code", [1000, 1008, 1011, None])
@pytest.mark.parametrize("moment", ["pause", "owed", "answer"])
@pytest.mark.parametrize("comes_back", [True, False])
def test_a_connection_that_ends_costs_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, moment: str, comes_back: bool
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.sets_up = comes_back
        gemini.answers.append([*said(AGAIN), *end()] if comes_back else [])
        since = asyncio.get_running_loop().time()
        if moment != "pause":
            since = await ask(call, gemini, *said(OPEN) * (moment == "answer"))
        if moment == "answer":
            await call.until(lambda: call.speaking)
        await lose(gemini.sockets[-1], code)
        if moment == "pause":
            await asyncio.sleep(0.5)
            since = await ask(call, gemini, *[*said(AGAIN), *end()] * comes_back)
        if moment == "answer":
            await call.until(lambda: not call.speaking)
            since = asyncio.get_running_loop().time()
        await heard_in_time(call, since)

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words[-1] == (AGAIN if comes_back else "I am sorry.")
    assert comes_back or call.record.errors


@pytest.mark.parametrize("moment", ["greeting", "pause"])
def test_a_server_that_refuses_a_connection_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        since = asyncio.get_running_loop().time()
        monkeypatch.setattr(live, "ws_connect", refuse)
        for socket in gemini.sockets:
            await lose(socket, 1011)
        await heard_in_time(call, since)

    first = moment == "greeting"
    call = called(tmp_path, monkeypatch, talk, greeted=not first, refuses=first)
    assert call.agent_words[-1] == "I am sorry."
    assert "nobody is there" in str(call.record.errors)


def test_a_server_that_goes_away_says_so_and_is_connected_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        handle = {"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}}
        await gemini.send(handle, {"goAway": {"timeLeft": "1s"}})
        await asyncio.sleep(1.0)
        await lose(gemini.sockets[-1], 1001)
        await asyncio.sleep(1.0)
        await heard_in_time(call, await ask(call, gemini, *said(OPEN), *end()))
        assert len(gemini.sockets) > 1

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, codes(call)) == (["Hello.", OPEN], ["realtime_lost"])


ERROR: Message = {"error": {"code": 500, "message": "Internal error.", "status": "INTERNAL"}}


@pytest.mark.parametrize("message", [ERROR, {"serverContent": 7}, {"unknown": {}}, {}])
def test_a_message_that_is_none_costs_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: Message
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said(AGAIN), *end()])
        await heard_in_time(call, await ask(call, gemini, message))

    called(tmp_path, monkeypatch, talk)


def test_an_empty_answer_is_asked_for_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said(OPEN), *end()])
        since = await ask(call, gemini, *end())
        await call.said(OPEN)
        assert heard_after(call, since) < 3.0

    call = called(tmp_path, monkeypatch, talk)
    assert codes(call) == ["realtime_empty"]


def test_an_answer_that_stops_in_the_middle_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said(AGAIN), *end()])
        await ask(call, gemini, *said(OPEN))
        await call.until(lambda: call.speaking)
        await call.until(lambda: not call.speaking)
        await heard_in_time(call, asyncio.get_running_loop().time())

    call = called(tmp_path, monkeypatch, talk)
    assert codes(call) == ["realtime_stalled"]
    assert AGAIN in call.agent_words


def test_an_answer_that_the_server_interrupts_is_followed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await ask(call, gemini, *said(OPEN, 5.0))
        await call.until(lambda: call.speaking)
        await asyncio.sleep(0.5)
        await gemini.send({"serverContent": {"interrupted": True}})
        since = await speak(call)
        await gemini.send(*end(), *said(AGAIN), *end())
        await heard_in_time(call, since)
        await asyncio.sleep(10.0)

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words[-1], call.record.ended_by) == (AGAIN, "caller")


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_a_model_that_answers_before_the_turn_is_over_here_has_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await speak(call)
        await gemini.send(*said(OPEN, seconds), *end())
        await call.said(OPEN)
        await asyncio.sleep(20.0)

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN], [])


def test_a_caller_who_goes_on_in_their_turn_is_owed_another_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await speak(call)
        await gemini.send(*said(OPEN, 3.0))
        await asyncio.sleep(0.1)
        await call.session.parts.worker.queue_frame(VADUserStartedSpeakingFrame())
        await gemini.send({"serverContent": {"interrupted": True}}, *end())
        await heard_in_time(call, await speak(call))

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words[-1] == "I am sorry."


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_tool_call_has_its_answer_be_it_cancelled_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said(OPEN), *end()])
        since = await ask(call, gemini, tool_call("hours"))
        if cancelled:
            await asyncio.sleep(0.3)
            await gemini.send({"toolCallCancellation": {"ids": ["c1"]}})
        await heard_in_time(call, since)

    call = called(tmp_path, monkeypatch, talk)
    assert call.agent_words == ["Hello.", OPEN]
