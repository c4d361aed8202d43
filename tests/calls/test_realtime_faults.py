"""Whatever a realtime server sends, at whatever moment: the caller hears an answer or the apology in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses.realtime import second_opinion, unheard_caller
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import LOUD, QuickCall, calls, quick_call
from tests.calls.realtime_server import Change, Event, Server, ended, hours

SECONDS = 30.0
"""After the fault, within which an answer is whole or the call has ended."""
LONG = " ".join(["We are open from six to eleven."] * 3)
MOMENTS = ("greeting", "speaking", "owed", "answer", "tool")
ERRORS = (
    "server_error",
    "rate_limit_exceeded",
    "session_expired",
    "invalid_value",
    "insufficient_quota",
    None,
)
CODES = (1000, 1001, 1008, 1011, 1013, 4000, None)


def without(*kinds: str) -> Change:
    return lambda kind, fields: [] if kind in kinds else [(kind, fields)]


def beside(*events: Event) -> Change:
    return lambda kind, fields: [*events, (kind, fields)]


def nulls(kind: str, fields: dict[str, Any]) -> list[Event]:
    """Each event comes once more, with nothing in it."""
    return [(kind, dict.fromkeys(fields)), (kind, fields)]


def error(code: str | None) -> Event:
    return "error", {"error": {"type": "server_error", "code": code, "message": "No.", "event_id": None}}


SOUND = {"response_id": "r", "item_id": "nobody", "output_index": 7, "content_index": 0, "delta": "////"}
CHANGES: dict[str, Change] = {
    **{f"ends {status}": ended(status) for status in ("failed", "incomplete", "cancelled", "completed")},
    "ends null": ended("failed", {"type": "failed", "error": None}),
    "no response.created": without("response.created"),
    "no response.done": without("response.done"),
    "no audio": without("response.output_audio.delta"),
    "no item": without("conversation.item.added", "response.output_item.added"),
    "no transcripts": without("response.output_audio_transcript.delta"),
    "no words of the caller": without("conversation.item.input_audio_transcription.completed"),
    "no speech_stopped": without("input_audio_buffer.speech_stopped"),
    "no arguments.done": without("response.function_call_arguments.done"),
    "no session.updated": without("session.updated"),
    "nothing": lambda _kind, _fields: [],
    "nulls": nulls,
    "unknown events": beside(("response.mystery.delta", {"x": 1}), ("conversation.item.mystery", {})),
    "sound of nobody": beside(("response.output_audio.delta", SOUND)),
    "sound without an item": beside(("response.output_audio.delta", {"delta": "////"})),
    "broken sound": beside(("response.output_audio.delta", {**SOUND, "delta": "%"})),
    "rate limits": beside(("rate_limits.updated", {"rate_limits": [{"name": "requests", "remaining": 0}]})),
    **{f"error {code}": beside(error(code)) for code in ERRORS},
}


async def until_moment(call: QuickCall, moment: str, strike: Callable[[], None]) -> None:
    """Have the call come to ``moment``, and the fault ``strike`` there."""
    if moment == "speaking":
        await call.transport.hear(LOUD)
        strike()
    await call.say("When are you open?")
    if moment == "owed":
        strike()
    elif moment == "answer":
        await call.until(lambda: call.speaking)
        strike()
    elif moment == "tool":
        await asyncio.sleep(0.5)
        strike()


def played(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str, strike: Callable[[], None]
) -> tuple[QuickCall, float]:
    """A call with a fault at ``moment``, and how long the caller then heard nothing."""
    monkeypatch.setattr(unheard_caller, "SPEECH_SECONDS", 0.2)
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: lambda _sound: True)

    async def talk() -> tuple[QuickCall, float]:
        clock = asyncio.get_running_loop().time
        tool = [calls("hours")] if moment == "tool" else []
        answers = [*tool, *(Answer(LONG) for _ in range(9))]
        if moment == "greeting":
            strike()
        async with (
            Resources() as resources,
            quick_call(
                *(folder, "realtime", [hours()], answers),
                resources=resources,
                apology=LOUD * 2,
                greeted=moment != "greeting",
            ) as call,
        ):
            began = clock()
            if moment != "greeting":
                await until_moment(call, moment, strike)
                began = clock()
                await call.transport.hear(bytes(640))
            with contextlib.suppress(TimeoutError):
                await call.until(lambda: call.record.ended, SECONDS)
            return call, heard_after(call, began)

    return virtual_time.run(talk())


def judge(call: QuickCall, silent: float, *, words: bool = True) -> None:
    """An answer was heard to its end, or the apology, and soon."""
    assert silent <= LIMIT, call.record.errors
    if not words:
        return
    last = [entry for entry in call.record.transcript if entry.who == "agent"][-1]
    # the caller of this test hangs up after a while, be it in the middle of an answer
    whole = last.text in (LONG, "I am sorry.", "Hello.") or last.cut_by == "hang-up"
    assert whole, (last, call.record.errors)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", CHANGES)
def test_what_the_server_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, moment: str
) -> None:
    server = Server(monkeypatch)
    call, silent = played(tmp_path, monkeypatch, moment, lambda: setattr(server, "change", CHANGES[fault]))
    judge(call, silent, words=fault != "no transcripts")


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_delivered_twice_is_heard_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    server = Server(monkeypatch)
    call, silent = played(tmp_path, monkeypatch, moment, lambda: setattr(server, "repeats", True))
    judge(call, silent)
    assert call.record.errors == []


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("times", [1, 9])
def test_how_the_connection_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, moment: str, times: int
) -> None:
    server = Server(monkeypatch)
    call, silent = played(tmp_path, monkeypatch, moment, lambda: server.closes.extend([code] * times))
    judge(call, silent)
    assert call.record.errors[0].startswith("realtime_lost: ")
    assert code is None or f"({code})" in call.record.errors[0] or f" {code} " in call.record.errors[0]
