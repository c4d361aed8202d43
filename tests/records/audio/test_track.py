"""Sound takes its place on the time line of a call, whatever the network does to it."""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from agentrun.records.audio.side_mix import SideMix
from agentrun.records.audio.speaker_track import SpeakerTrack
from agentrun.records.audio.stereo_file import SoundFile
from agentrun.spec.models.record import SoundFormat

RATE = 8000
PACKET = 160
ROOT = Path(__file__).parents[3]


def packet(number: int) -> bytes:
    """20 ms whose samples are all ``number``."""
    return np.full(PACKET, number, np.int16).tobytes()


def whole(track: SpeakerTrack, seconds: float) -> np.ndarray:
    """Everything up to ``seconds``."""
    return np.frombuffer(track.take(seconds), np.int16)


def test_packets_that_come_in_time_stand_where_they_were_said() -> None:
    track = SpeakerTrack(RATE, hold=1.0)
    for number in range(1, 101):
        track.add(packet(number), ends=0.5 + number * 0.02)
    sound = whole(track, 3.0)
    assert len(sound) == 3.0 * RATE
    assert list(sound[:4000]) == [0] * 4000
    assert list(sound[4000:20000:PACKET]) == list(range(1, 101))
    assert not sound[20000:].any()


def test_packets_that_a_stall_held_up_follow_those_before_it() -> None:
    track = SpeakerTrack(RATE, hold=1.0)
    for number in range(1, 481):
        at = number * 0.02
        stalled = at % 2 < 0.7
        track.add(packet(number), ends=at - at % 2 + 0.7 if stalled and at > 2 else at)
    assert [int(v) for v, _ in itertools.groupby(whole(track, 9.6))] == list(range(1, 481))


def test_a_pause_in_the_packets_is_silence_of_its_length() -> None:
    track = SpeakerTrack(RATE, hold=1.0)
    for number in range(1, 51):
        track.add(packet(number), ends=number * 0.02)
    for number in range(51, 151):
        # the network is uneven: the least of the delays is the pause
        track.add(packet(number), ends=4.0 + number * 0.02 + (0.06 if number % 3 else 0.0))
    sound = whole(track, 8.0)
    assert not sound[RATE : 5 * RATE].any()
    assert sound[5 * RATE] == 51


def test_what_is_said_after_a_cut_is_not_moved() -> None:
    track = SpeakerTrack(RATE, hold=0.0)
    track.add(packet(1) * 50, ends=2.0)
    track.cut(1.5)
    track.add(packet(2) * 10, ends=2.7)
    sound = whole(track, 3.0)
    assert list(sound[RATE : RATE + 4000]) == [1] * 4000
    assert not sound[RATE + 4000 : 20000].any()
    assert list(sound[20000:21600]) == [2] * 1600


def test_two_people_in_a_room_are_mixed() -> None:
    side = SideMix(RATE, RATE, hold=0.0)
    side.add("ada", packet(100) * 50, ends=1.0)
    side.add("bob", packet(11) * 25, ends=1.0)
    sound = np.frombuffer(side.take(1.0), np.int16)
    assert (sound[0], sound[-1]) == (100, 111)


def test_a_page_speaks_at_another_rate_than_it_hears() -> None:
    side = SideMix(16_000, 24_000, hold=0.0)
    time = np.arange(16_000) / 16_000
    tone = (np.sin(2 * np.pi * 440 * time) * 8000).astype(np.int16)
    taken = []
    for second in range(1, 61):
        side.add("", tone.tobytes(), ends=float(second))
        taken.append(side.take(float(second), last=second == 60))
    sound = np.frombuffer(b"".join(taken), np.int16)
    assert len(sound) == pytest.approx(60 * 24_000, abs=24)
    last = np.abs(np.fft.rfft(sound[-24_000:].astype(float)))
    assert int(last.argmax()) == pytest.approx(440, abs=1)


def test_ten_minutes_keep_the_memory_flat(tmp_path: Path) -> None:
    caller, agent = SideMix(RATE, RATE, hold=1.0), SideMix(RATE, RATE, hold=0.0)
    file = SoundFile(tmp_path / "long.wav", "wav", RATE)
    most = 0
    for number in range(1, 600 * 50 + 1):
        now = number * 0.02
        caller.add("", packet(1), ends=now)
        if number % 500 < 250:
            agent.add("", packet(2), ends=now)
        if number % 50 == 0:
            most = max(most, caller.waiting + agent.waiting)
            file.write(caller.take(now - 2), agent.take(now - 2))
    file.write(caller.take(600.0, last=True), agent.take(600.0, last=True))
    file.close()
    assert most <= 2 * 4 * RATE * 2
    sound, rate = soundfile.read(tmp_path / "long.wav", dtype="int16")
    assert len(sound) / rate == 600.0
    assert (sound[:, 0] == 1).all()
    assert (sound[:, 1] == 2).sum() == pytest.approx(300 * RATE, abs=RATE)


KILLED = """
import os, signal, sys
from pathlib import Path
from agentrun.records.audio.stereo_file import SoundFile
file = SoundFile(Path(sys.argv[1]), sys.argv[2], 8000)
for second in range(5):
    file.write(b"\\x00\\x10" * 8000, b"\\x00\\x20" * 8000)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["wav", "opus"])
def test_the_file_of_a_killed_process_can_be_played(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"call.{kind}"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(path), kind]
    done = subprocess.run(command, env=environ, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    sound, rate = soundfile.read(path)
    assert 3.5 <= len(sound) / rate <= 5.0
    assert sound.shape[1] == 2


def write_much(file: SoundFile, sound: bytes) -> None:
    """More than the disk holds."""
    for _ in range(40):
        file.write(sound, sound)


@pytest.mark.parametrize("kind", ["wav", "opus"])
def test_a_full_disk_is_an_error_and_what_was_written_stays(tmp_path: Path, kind: SoundFormat) -> None:
    path = tmp_path / f"call.{kind}"
    noise = np.random.default_rng(1).integers(-9000, 9000, RATE * 20, np.int16).tobytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        file = SoundFile(path, kind, RATE)
        file.write(noise[: RATE * 4], noise[: RATE * 4])
        with pytest.raises(OSError, match=r"large|error"):
            write_much(file, noise)
        with contextlib.suppress(OSError):
            file.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sound, rate = soundfile.read(path)
    assert len(sound) / rate > 1.0


def test_only_this_user_may_read_a_recording(tmp_path: Path) -> None:
    file = SoundFile(tmp_path / "new" / "call.wav", "wav", RATE)
    file.close()
    assert file.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        SoundFile(file.path, "wav", RATE)
