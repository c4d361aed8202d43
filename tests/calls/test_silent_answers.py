"""An answer whose sound is nothing but silence is none: it is asked for again, and nobody has heard it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls import streaming_voices
from tests.calls.fault_rows.row import APOLOGY
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import QuickCall
from tests.calls.realtime_server import Change, Event, Server
from tests.calls.streaming_peers import Peer
from tests.calls.test_public_realtime_bugs import OPEN, called
from tests.calls.test_streaming_services import ANSWER, MOST_SILENCE, STORY, VOICE_TYPES, play

NOTHING_HEARD = "nothing of the answer could be heard"
MULAW_SILENCE = b"\xff"


def silent(times: int) -> Change:
    """The sound of so many responses is silence."""
    left = [times]

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind == "response.done":
            left[0] -= 1
        if kind == "response.output_audio.delta" and left[0] > 0:
            sound = MULAW_SILENCE * len(base64.b64decode(fields["delta"]))
            return [(kind, {**fields, "delta": base64.b64encode(sound).decode()})]
        return [(kind, fields)]

    return change


@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_realtime_answer_of_silence_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    server = Server(monkeypatch)
    heard: list[float] = []

    async def talk(call: QuickCall) -> None:
        server.change = silent(times)
        since = asyncio.get_running_loop().time()
        await call.say("When are you open?")
        await call.until(lambda: heard_after(call, since) < 99, 25)
        heard.append(heard_after(call, since))
        await asyncio.sleep(8)

    lost = [Answer(f"Lost {number}.") for number in range(times)]
    call = called(tmp_path, [*lost, OPEN, OPEN], talk)
    assert heard[0] < LIMIT
    assert NOTHING_HEARD in call.record.errors[0]
    assert "Lost" not in str(call.agent_words)
    if times == 1:
        assert call.agent_words == ["Hello.", OPEN.text]


def test_a_realtime_answer_that_begins_with_silence_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch)
    led: list[str] = []

    def lead(kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind != "response.output_audio.delta" or fields["item_id"] in led:
            return [(kind, fields)]
        led.append(fields["item_id"])
        quiet = {**fields, "delta": base64.b64encode(MULAW_SILENCE * 2_400).decode()}
        return [(kind, quiet), (kind, fields)]

    async def talk(call: QuickCall) -> None:
        server.change = lead
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = called(tmp_path, [OPEN], talk)
    assert call.agent_words == ["Hello.", OPEN.text]
    assert led
    assert call.record.errors == []


@pytest.mark.parametrize("voice", VOICE_TYPES)
@pytest.mark.parametrize("times", [1, 9])
def test_a_voice_that_streams_silence_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: type[Peer], times: int
) -> None:
    spoken: list[int] = []
    tone = streaming_voices.tone

    def quiet(words: int, rate: int) -> str:
        spoken.append(words)
        sound = tone(words, rate)
        # behind the greeting
        is_lost = 1 < len(spoken) <= times + 1
        return base64.b64encode(bytes(len(base64.b64decode(sound)))).decode() if is_lost else sound

    monkeypatch.setattr(streaming_voices, "tone", quiet)
    heard = play(tmp_path, voice(), 1, answers=[STORY[:31], ANSWER, ANSWER])
    assert heard.silence < MOST_SILENCE
    assert NOTHING_HEARD in heard.record.errors[0]
    assert heard.said == ([ANSWER] if times == 1 else [APOLOGY])


@pytest.mark.parametrize("voice", VOICE_TYPES)
def test_a_voice_that_begins_with_silence_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: type[Peer]
) -> None:
    tone = streaming_voices.tone

    def late(words: int, rate: int) -> str:
        return base64.b64encode(bytes(rate * 6 // 10) + base64.b64decode(tone(words, rate))).decode()

    monkeypatch.setattr(streaming_voices, "tone", late)
    heard = play(tmp_path, voice(), 1)
    assert heard.said == [ANSWER]
    assert heard.record.errors == []


@pytest.mark.parametrize("voice", VOICE_TYPES)
def test_a_fixed_greeting_of_silence_is_followed_by_the_apology_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: type[Peer]
) -> None:
    tone = streaming_voices.tone
    monkeypatch.setattr(
        streaming_voices,
        "tone",
        lambda words, rate: base64.b64encode(bytes(len(base64.b64decode(tone(words, rate))))).decode(),
    )

    async def wait(call: QuickCall) -> None:
        await call.until(lambda: call.agent_words, MOST_SILENCE)

    heard = play(tmp_path, voice(), 0, before=wait, waits=False)
    assert heard.greeted < MOST_SILENCE
    assert [entry.text for entry in heard.record.transcript] == [APOLOGY], "what nobody heard was not said"
