"""How a realtime server ends a response, or does not: a good answer stays one, half of one goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentrun.session.responses.realtime.reconnection import MOST_LOSSES
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import QuickCall
from tests.calls.realtime_server import Change, Event, Server, same
from tests.calls.test_public_realtime_bugs import LONG, OPEN, TABLE, called
from tests.calls.test_realtime_moves import Sessions, codes, heard_soon

MEGABYTES = "x" * 10_000_000


def ended_with(**fields: Any) -> Change:
    def change(kind: str, told: dict[str, Any]) -> list[Event]:
        if kind != "response.done":
            return [(kind, told)]
        return [(kind, {"response": fields.get("response", {**told["response"], **fields})})]

    return change


JUNK = [7, {"type": "message"}, {"id": 1, "type": "message", "role": "alien", "content": "x"}]


@pytest.mark.parametrize(
    "change",
    [
        ended_with(usage={"total_tokens": "many", "output_tokens": []}),
        ended_with(usage="none"),
        ended_with(output=JUNK),
        ended_with(output="none"),
        ended_with(response=None),
        ended_with(response={"status": "completed"}),
        ended_with(status_details=7),
        ended_with(metadata={"x": MEGABYTES}),
    ],
    ids=["usage", "no usage", "items", "no items", "nothing", "no id", "details", "10 MB"],
)
def test_an_end_that_can_not_be_read_is_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = change
        for words in (OPEN.text, TABLE.text):
            await call.say("When are you open?")
            await heard_soon(call, words)
            await call.until(lambda: not call.speaking)
        await asyncio.sleep(20.0)

    call = called(tmp_path, [OPEN, TABLE], talk)
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text]
    assert call.record.ended_by == "caller", call.record.errors


def cut_after(deltas: int, status: str, details: object, times: int = 1) -> Change:
    """The next response, or so many of them, ends after so many pieces of its sound."""
    response: dict[str, Any] = {}
    pieces, is_cut, left = 0, False, times

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        nonlocal pieces, is_cut, left
        if kind == "response.created":
            response.update(fields["response"])
            pieces = 0
        if is_cut and kind.startswith(("response.", "conversation.item.done")):
            is_cut = kind != "response.done"
            return []
        pieces += kind == "response.output_audio.delta"
        if kind != "response.output_audio.delta" or pieces != deltas or not left:
            return [(kind, fields)]
        is_cut, left = True, left - 1
        done = {**response, "status": status, "status_details": details, "output": []}
        return [(kind, fields), ("response.done", {"response": done})]

    return change


@pytest.mark.parametrize(
    ("status", "details"),
    [
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}),
        ("cancelled", {"type": "cancelled", "reason": "client_cancelled"}),
        ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}),
        ("failed", {"type": "failed", "error": {"code": "server_error", "message": "No."}}),
    ],
    ids=["cancelled for nobody", "cancelled by nobody", "too long", "failed"],
)
def test_half_an_answer_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, details: object
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = cut_after(2, status, details)
        await call.say("When are you open?")
        await call.said(TABLE.text)

    call = called(tmp_path, [LONG, TABLE], talk)
    assert codes(call)[-1] == "realtime_stalled"
    assert call.agent_words[-1] == TABLE.text


@pytest.mark.parametrize("ended", [False, True])
def test_an_answer_that_the_caller_cuts_off_in_a_pause_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    sessions, server = Sessions(monkeypatch), Server(monkeypatch)
    cancelled = {"status": "cancelled", "status_details": {"type": "cancelled", "reason": "turn_detected"}}
    response: dict[str, Any] = {}
    pieces = 0

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        nonlocal pieces
        told = fields.get("response", {})
        if kind == "response.created" or told.get("status") == "cancelled" or kind.startswith("input"):
            response.update(told)
            return [(kind, fields)]
        pieces += kind == "response.output_audio.delta"
        return [(kind, fields)] if pieces < 3 else []

    async def talk(call: QuickCall) -> None:
        server.change = change
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await call.until(lambda: not call.speaking)
        await asyncio.sleep(0.3)
        await sessions.turn_begins("x")
        if ended:
            await sessions[-1].tell("input_audio_buffer.speech_stopped", audio_end_ms=2, item_id="x")
        await sessions[-1].tell("response.done", response={**response, **cancelled, "output": []})
        await asyncio.sleep(1.0)

    call = called(tmp_path, [LONG, TABLE], talk)
    assert codes(call) == [], call.record.errors


def test_the_end_of_a_response_that_nobody_began_ends_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    other = {"id": "other", "object": "realtime.response", "status": "completed", "output": []}

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        is_sound = kind == "response.output_audio.delta"
        return [*[("response.done", {"response": other})] * is_sound, (kind, fields)]

    async def talk(call: QuickCall) -> None:
        server.change = change
        await call.say("When are you open?")
        await heard_soon(call, OPEN.text)

    call = called(tmp_path, [OPEN], talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN.text], [])


def loses(server: Server, at: str) -> Change:
    """The connection ends at each event ``at``, behind which nothing comes of the answer."""
    is_lost = False

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        nonlocal is_lost
        is_lost = is_lost and kind != "session.created"
        if is_lost:
            return []
        if kind == at and not server.closes:
            server.closes.append(1011)
            is_lost = True
        return same(kind, fields)

    return change


@pytest.mark.parametrize("at", ["response.created", "response.output_audio.delta"])
def test_a_connection_that_is_lost_with_each_answer_ends_in_the_apology(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        call.openai.conditions.latency["responses"] = 0.5
        await call.say("When are you open?")
        server.change = loses(server, at)
        since = asyncio.get_running_loop().time()
        await call.play(bytes(60 * 32_000), lambda: call.record.ended)
        assert heard_after(call, since) <= LIMIT

    call = called(tmp_path, [OPEN] * 20, talk)
    assert call.agent_words[-1] == "I am sorry."
    assert codes(call).count("realtime_lost") == MOST_LOSSES
