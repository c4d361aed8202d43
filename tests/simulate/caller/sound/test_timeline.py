from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from agentrun.errors import AgentRunError
from agentrun.simulate.caller.sound.timeline import Timeline, frames_of, sound_seconds
from agentrun.transports.mulaw import encode
from tests.simulate.caller.agent import tone

QUIET = bytes([0xFF]) * 160
LOUD = encode(tone(0.02))


def played(pattern: str) -> Timeline:
    """``#`` sound, ``.`` silence that the agent sent, ``-`` nothing to play."""
    timeline = Timeline()
    for letter in pattern:
        timeline.add(QUIET, LOUD if letter == "#" else QUIET, dry=letter == "-")
    return timeline


def test_the_first_sound_is_looked_for_from_a_moment_on() -> None:
    timeline = played("--##--##")
    assert timeline.first_sound(0.0) == pytest.approx(0.04)
    assert timeline.first_sound(0.08) == pytest.approx(0.12)
    assert timeline.first_sound(0.16) is None


def test_a_click_is_not_a_first_sound() -> None:
    assert played("--#--").first_sound(0.0) is None


def test_silence_counts_from_the_last_sound() -> None:
    assert played("##---").silence() == pytest.approx(0.06)
    assert played("---").silence() == pytest.approx(0.06)
    assert played("##---").last_sound(0.06) is None


def test_a_short_stop_with_nothing_to_play_is_a_stutter() -> None:
    assert played("###--###").gaps == pytest.approx([0.04])


@pytest.mark.parametrize(
    "pattern",
    ["###..###", "###.--###", "###" + "-" * 40 + "###", "--###", "###--"],
    ids=["silence that was sent", "end of a sentence", "long pause", "before the first", "after the last"],
)
def test_other_silence_is_no_stutter(pattern: str) -> None:
    assert played(pattern).gaps == []


def test_a_cleared_answer_is_no_stutter() -> None:
    timeline = played("###")
    timeline.interrupt()
    timeline.add(QUIET, QUIET, dry=True)
    timeline.add(QUIET, LOUD, dry=False)
    assert timeline.gaps == []


def test_the_recording_has_the_caller_on_the_left_and_the_agent_on_the_right(tmp_path: Path) -> None:
    timeline = Timeline()
    timeline.add(LOUD, QUIET, dry=True)
    timeline.add(QUIET, LOUD, dry=False)
    timeline.write(tmp_path / "call.wav")
    samples, rate = soundfile.read(tmp_path / "call.wav", dtype="int16")
    assert (samples.shape, rate) == ((320, 2), 8_000)
    assert [bool(np.any(part)) for part in (samples[:160, 0], samples[160:, 0])] == [True, False]
    assert [bool(np.any(part)) for part in (samples[:160, 1], samples[160:, 1])] == [False, True]


def test_a_recording_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentRunError, match=r"nowhere/call\.wav"):
        played("#").write(tmp_path / "nowhere" / "call.wav")


def test_silence_at_the_end_is_no_lost_sound() -> None:
    assert sound_seconds(LOUD + QUIET * 100) == pytest.approx(0.02)
    assert sound_seconds(QUIET * 100) == 0.0


def test_the_last_frame_is_filled_up_with_silence() -> None:
    assert frames_of(b"a" * 170) == [b"a" * 160, b"a" * 10 + b"\xff" * 150]
    assert frames_of(b"") == []
