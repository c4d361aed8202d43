"""Calls are recorded as both sides heard them: the caller left, the agent right."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from agentrun.records.store.store import Store
from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.engines import Answer
from agentrun.transports.mulaw import decode
from tests.calls.desk import HELLO, OPEN, QUESTION, STYLES, Desk, open_desk, until

Samples = np.ndarray
COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
LONG = Answer(f"{COUNT.capitalize()}. {COUNT.capitalize()}. {COUNT.capitalize()}.")
RATE = 8000
CLOSE_SECONDS = 0.3
"""A line has 200 ms of sound in hand, and is sent pieces of 100."""
LOUD = 400.0


def loud(sound: Samples, rate: int = RATE) -> list[float]:
    """The seconds at which 20 ms of sound are loud."""
    size = rate // 50
    frames = sound[: len(sound) // size * size].reshape(-1, size).astype(float)
    return [float(at) * 0.02 for at in np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > LOUD)]


def both(path: str) -> tuple[Samples, Samples, int]:
    """The caller's and the agent's sound of a recording, and its rate."""
    sound, rate = soundfile.read(path, dtype="int16")
    assert sound.shape[1] == 2
    return sound[:, 0], sound[:, 1], rate


def as_lived(call: PhoneCall) -> tuple[Samples, Samples]:
    """What the caller said and heard, on the caller's own clock."""
    return decode(bytes(call.timeline.said)), decode(bytes(call.timeline.heard))


async def ask_once(desk: Desk) -> PhoneCall:
    """A call in which the hours are asked for."""
    async with desk.caller.call(desk.url) as call:
        await call.hear_greeting(silence=0.5)
        await call.say(QUESTION)
        await call.hear_answer(silence=0.8)
    return call


def sound_files(folder: Path) -> list[Path]:
    """Every recording below ``folder``."""
    return [path for path in folder.rglob("*") if path.suffix in (".wav", ".opus")]


@pytest.mark.parametrize("style", STYLES)
async def test_each_side_stands_in_its_channel_when_it_was_heard(tmp_path: Path, style: str) -> None:
    async with open_desk(
        tmp_path, [HELLO, OPEN], style=style, overrides={"record.audio": "recordings"}
    ) as desk:
        call = await ask_once(desk)
        record = await desk.finished(call)
    path = Path(record.recording)
    assert path.parent == tmp_path / "recordings"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    left, right, rate = both(record.recording)
    assert rate == RATE
    said, heard = as_lived(call)
    # the caller's clock begins when the stream does, the recording's when the session does
    shift = loud(right)[0] - loud(heard)[0]
    assert abs(shift) < 1.0
    for recorded, lived in ((left, said), (right, heard)):
        assert loud(recorded)[0] == pytest.approx(loud(lived)[0] + shift, abs=CLOSE_SECONDS)
        assert loud(recorded)[-1] == pytest.approx(loud(lived)[-1] + shift, abs=CLOSE_SECONDS)
        assert len(loud(recorded)) == pytest.approx(len(loud(lived)), rel=0.1)
    assert record.ended is not None
    lasted = (record.ended - record.started).total_seconds()
    assert len(left) / rate == pytest.approx(lasted, abs=1.0)
    answer = next(entry for entry in record.transcript if entry.text == OPEN.text)
    spoken = min(at for at in loud(right) if at > answer.at - 1)
    assert spoken == pytest.approx(answer.at, abs=0.5)


@pytest.mark.parametrize("style", STYLES)
async def test_a_cut_answer_is_silent_from_the_cut(tmp_path: Path, style: str) -> None:
    overrides = {"record.audio": "recordings"}
    async with open_desk(tmp_path, [HELLO, LONG, OPEN], style=style, overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            barge = await call.barge_in(QUESTION, after=2.0)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert barge.silenced_ms is not None
    _, right, _ = both(record.recording)
    _, heard = as_lived(call)
    shift = loud(right)[0] - loud(heard)[0]
    cut = max(at for at in loud(heard) if at < barge.heard.ended_at + 0.1) + shift
    assert max(at for at in loud(right) if at < cut + 0.5) == pytest.approx(cut, abs=CLOSE_SECONDS)
    assert len(loud(right)) == pytest.approx(len(loud(heard)), abs=CLOSE_SECONDS * 2 / 0.02)


async def test_a_call_that_ends_in_mid_word_is_recorded_to_its_end(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, LONG], overrides={"record.audio": "recordings"}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            asked = call.timeline.seconds
            await call.until(lambda: call.timeline.first_sound(asked) is not None, asked + 10)
            await call.wait(1.0)
        record = await desk.finished(call)
    left, right, rate = both(record.recording)
    assert loud(right)[-1] > len(right) / rate - 1.0
    assert loud(left)


async def test_two_calls_at_once_are_two_recordings(tmp_path: Path) -> None:
    overrides = {"record.audio.to": "recordings", "record.audio.format": "opus"}
    async with open_desk(tmp_path, [HELLO, HELLO, OPEN, OPEN], overrides=overrides) as desk:
        calls = await asyncio.gather(ask_once(desk), ask_once(desk))
        records = [await desk.finished(call) for call in calls]
    assert len({record.recording for record in records}) == 2
    for record in records:
        assert record.recording.endswith(".opus")
        left, right, _ = both(record.recording)
        assert len(loud(left)) > 25
        assert len(loud(right)) > 25


async def test_a_folder_that_fails_is_told_and_the_call_goes_on(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN], overrides={"record.audio": "recordings"}) as desk:
        (tmp_path / "recordings").write_text("a file in the way")
        call = await ask_once(desk)
        record = await desk.finished(call)
    assert record.recording == ""
    assert [error for error in record.errors if error.startswith("recording: ")]
    assert [entry.text for entry in record.transcript if entry.who == "agent"] == [HELLO.text, OPEN.text]
    assert record.ended_by == "caller"


async def test_a_recording_is_sent_to_its_address(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    async with open_desk(tmp_path, [HELLO, OPEN], overrides={"record.audio": "memory://calls"}) as desk:
        record = await desk.finished(await ask_once(desk))
        assert record.recording.startswith("memory://calls/desk-")
        await until(lambda: store.exists(record.recording), 10)
        await until(lambda: not list((tmp_path / ".agentrun" / "recordings").iterdir()), 10)
    with store.open(record.recording) as file:
        sound, _ = soundfile.read(file)
    assert sound.shape[1] == 2
    assert record.errors == []


async def test_an_address_that_does_not_answer_leaves_the_file_here_and_says_so(tmp_path: Path) -> None:
    overrides = {"record.audio": "ftp://rosa:${PASSWORD}@127.0.0.1:9/calls"}
    environ = {"PASSWORD": "secret"}
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    async with open_desk(
        tmp_path, [HELLO, OPEN], overrides=overrides, records=records, environ=environ
    ) as desk:
        assert desk.server.switchboard.recordings
        desk.server.switchboard.recordings.waits = (0.0, 0.1)
        record = await desk.finished(await ask_once(desk))
        await until(lambda: record.errors, 10)
        assert both(record.recording)
        kept = await desk.server.switchboard.records.find("desk", record.id)
    with Store(records) as store:
        stored = store.get(record.id)
    assert stored == kept
    assert len(record.errors) == 1
    assert record.errors[0].startswith("recording: ftp://127.0.0.1:9/calls/desk-")
    assert "secret" not in json.dumps(stored)


async def test_without_a_word_in_the_spec_nothing_is_recorded(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN]) as desk:
        record = await desk.finished(await ask_once(desk))
    assert record.recording == ""
    assert sound_files(tmp_path) == []
