"""In a room the callers' side of a recording is everybody but the agent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from pipecat.frames.frames import UserAudioRawFrame

from agentrun.records.audio.destination import RecordingDestination
from agentrun.server.records.audio_recordings import Recordings
from tests.calls.desk import until
from tests.server.daily.daily_desk import open_desk

RATE = 16_000


async def test_two_guests_of_a_room_are_on_the_left_and_the_agent_on_the_right(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        board = desk.switchboard
        board.recordings = Recordings(board.records.changed)
        board.plans = {
            "desk": replace(board.plans["desk"], recording=RecordingDestination(tmp_path / "sound", "wav"))
        }
        call_id = (await desk.post("/desk/daily/start")).json()["callId"]
        await until(lambda: desk.lines.lines, 5)
        line = desk.lines.lines[0]
        await line.comes("ada")
        await until(lambda: line.output().spoken, 10)
        for _ in range(50):
            for guest, loudness in (("ada", 1000), ("bob", 300)):
                sound = np.full(RATE // 50, loudness, np.int16).tobytes()
                await line.input().push_audio_frame(UserAudioRawFrame(sound, RATE, 1, user_id=guest))
            await asyncio.sleep(0.02)
        await line.goes("ada")
        record = await desk.ended(call_id)
    assert record.errors == []
    stereo, rate = soundfile.read(record.recording, dtype="int16")
    assert rate == 24_000
    left, right = stereo[:, 0], stereo[:, 1]
    assert 0.8 * rate < (np.abs(left - 1300) < 20).sum() < 1.1 * rate
    assert np.abs(right).max() > 1000
