"""The caller's turns in audio."""

from __future__ import annotations

from typing import Any

import pytest

from agentrun.simulate.openai.realtime import speech_turns
from agentrun.simulate.openai.realtime.client_events import InvalidEventError
from agentrun.simulate.openai.realtime.speech_turns import RATE, SpeechTurns, changed, from_setting
from tests.simulate.openai.talking import silence, tone


def edges(turns: SpeechTurns, pcm: bytes, piece: int = 4_800) -> list[str]:
    found: list[str] = []
    for start in range(0, len(pcm), piece):
        found += list(turns.feed(pcm[start : start + piece]))
    return found


@pytest.mark.parametrize("piece", [2, 960, 1_001, 4_800, 1_000_000])
def test_pieces_of_any_size_give_the_same_turns(piece: int) -> None:
    pcm = silence(0.5) + tone(0.6) + silence(0.7) + tone(0.4) + silence(0.7)
    assert edges(SpeechTurns(), pcm, piece) == ["started", "stopped"] * 2


def test_a_pause_within_a_sentence_does_not_end_it() -> None:
    pcm = tone(0.5) + silence(0.3) + tone(0.5)
    assert edges(SpeechTurns(silence_ms=500), pcm + silence(0.6)) == ["started", "stopped"]
    assert edges(SpeechTurns(silence_ms=200), pcm + silence(0.6)) == ["started", "stopped"] * 2


def test_a_click_is_no_speech() -> None:
    assert edges(SpeechTurns(), (tone(0.06) + silence(0.3)) * 5) == []


def test_the_turns_audio_begins_a_little_before_the_speech() -> None:
    turns = SpeechTurns(prefix_ms=300)
    edges(turns, silence(5) + tone(1) + silence(0.5))
    seconds = len(turns.take()) / 2 / RATE
    assert 1.7 <= seconds <= 2.0
    assert turns.take() == b""


@pytest.mark.parametrize("setting", [None, {}])
def test_no_setting_leaves_the_turns_to_the_client(setting: Any) -> None:
    assert from_setting(setting) is None


def test_numbers_that_are_left_open_have_defaults() -> None:
    setting = {"type": "server_vad", "silence_duration_ms": None, "prefix_padding_ms": None, "threshold": 0.5}
    assert from_setting(setting) == SpeechTurns(silence_ms=500, prefix_ms=300)
    assert from_setting({"type": "semantic_vad", "eagerness": None}) == from_setting({"type": "semantic_vad"})


def test_an_eager_listener_waits_less() -> None:
    high, low = (from_setting({"type": "semantic_vad", "eagerness": how}) for how in ("high", "low"))
    assert high
    assert low
    assert high.silence_ms < low.silence_ms


@pytest.mark.parametrize(
    "setting",
    [
        "server_vad",
        {"type": "tea"},
        {"type": "semantic_vad", "eagerness": "very"},
        {"type": "semantic_vad", "eagerness": ["low"]},
        {"type": "server_vad", "silence_duration_ms": "long"},
        {"type": "server_vad", "silence_duration_ms": -1},
        {"type": "server_vad", "prefix_padding_ms": 10**12},
    ],
)
def test_a_setting_that_does_not_exist_is_refused(setting: Any) -> None:
    with pytest.raises(InvalidEventError, match="turn_detection"):
        from_setting(setting)


def test_a_turn_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_turns, "LONGEST_SECONDS", 1)
    assert edges(SpeechTurns(), tone(1.5))[:2] == ["started", "stopped"]
    buffer = bytearray()
    speech_turns.add(buffer, tone(1.0), RATE)
    with pytest.raises(InvalidEventError, match="at most 1 s"):
        speech_turns.add(buffer, b"00", RATE)
    assert len(buffer) == 2 * RATE


def test_a_setting_that_comes_while_somebody_speaks_takes_their_turn_nothing_away() -> None:
    turns = SpeechTurns()
    assert edges(turns, tone(0.5)) == ["started"]
    same = changed(turns, {"type": "server_vad", "silence_duration_ms": 200})
    assert same is turns
    assert edges(turns, silence(0.3)) == ["stopped"]
    assert changed(turns, None) is None
