"""Events of a realtime server that mean nothing, or come in another order than OpenAI's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.calls.quick import QuickCall
from tests.calls.realtime_server import Event, Server, same
from tests.calls.test_public_realtime_bugs import LONG, OPEN, TABLE, called
from tests.calls.test_realtime_moves import heard_soon


def failed_words(kind: str, fields: dict[str, Any]) -> list[Event]:
    """The caller's words can't be written down."""
    if not kind.endswith("input_audio_transcription.completed"):
        return [(kind, fields)]
    error = {"type": "server_error", "code": "audio_unintelligible", "message": "No."}
    where = {"item_id": fields["item_id"], "content_index": 0}
    return [("conversation.item.input_audio_transcription.failed", {**where, "error": error})]


def of_other_kinds(kind: str, fields: dict[str, Any]) -> list[Event]:
    """Each response has items of kinds that are not known."""
    if kind != "response.done":
        return [(kind, fields)]
    items = [{"id": "m", "type": "mcp_call", "arguments": "{}"}, {"id": "r", "type": "reasoning"}]
    where = {"response_id": "r", "output_index": 3}
    done = {**fields["response"], "output": [*items, *fields["response"]["output"]]}
    return [("response.output_item.added", {**where, "item": items[0]}), (kind, {"response": done})]


def sound_behind_the_end(held: list[Event], kind: str, fields: dict[str, Any]) -> list[Event]:
    """A response is told to be over before its sound has come."""
    if kind == "response.output_audio.delta":
        held.append((kind, fields))
        return []
    late = [*held] if kind == "response.done" else []
    if late:
        held.clear()
    return [(kind, fields), *late]


def items_behind_their_sound(held: list[Event], kind: str, fields: dict[str, Any]) -> list[Event]:
    """An answer is told to be in the conversation at its end alone."""
    if kind in ("conversation.item.added", "response.output_item.added") and "assistant" in str(fields):
        held.append((kind, fields))
        return []
    early = [*held] if kind == "response.done" else []
    if early:
        held.clear()
    return [*early, (kind, fields)]


def ends_before_beginnings(held: list[Event], kind: str, fields: dict[str, Any]) -> list[Event]:
    """The end of the caller's speech comes before its beginning."""
    if kind == "input_audio_buffer.speech_started":
        held.append((kind, fields))
        return []
    return [(kind, fields), held.pop()] if kind.endswith("speech_stopped") and held else [(kind, fields)]


Held = Callable[[list[Event], str, dict[str, Any]], list[Event]]


@pytest.mark.parametrize("change", [failed_words, of_other_kinds])
def test_what_means_nothing_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[str, dict[str, Any]], list[Event]]
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.change = change
        for words in (OPEN.text, TABLE.text):
            await call.say("When are you open?")
            await heard_soon(call, words)

    call = called(tmp_path, [OPEN, TABLE], talk)
    assert call.agent_words == ["Hello.", OPEN.text, TABLE.text]


@pytest.mark.parametrize("change", [sound_behind_the_end, items_behind_their_sound, ends_before_beginnings])
def test_events_that_come_in_another_order_leave_nobody_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Held
) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        held = list[Event]()
        server.change = lambda kind, fields: change(held, kind, fields)
        await call.say("When are you open?")
        await heard_soon(call, "open from six")
        await call.until(lambda: not call.speaking)
        server.change = same
        await call.say("And a table?")
        await heard_soon(call, TABLE.text)

    call = called(tmp_path, [LONG, TABLE], talk)
    assert call.record.errors == []
