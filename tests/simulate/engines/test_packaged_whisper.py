"""The packaged ears, on recorded questions."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from agentrun.simulate.bench.word_errors import word_errors, words
from agentrun.simulate.engines.engines import VOICE_RATE, Engines
from agentrun.simulate.engines.packaged_whisper import without_loops
from agentrun.transports import mulaw

CORPUS = Path(__file__).parents[2] / "corpus"
ENTRIES = json.loads((CORPUS / "transcripts.json").read_text())
RATE = 16_000


def samples(name: str) -> NDArray[np.int16]:
    read: NDArray[np.int16] = soundfile.read(CORPUS / name, dtype="int16")[0]
    return read


def telephone(pcm: NDArray[np.int16]) -> bytes:
    """At 8 kHz, through mu-law and back."""
    narrow = soxr.resample(pcm, RATE, mulaw.RATE).astype(np.int16)
    return mulaw.decode(mulaw.encode(narrow)).astype("<i2").tobytes()


@pytest.mark.parametrize("line", ["wide", "telephone"])
async def test_the_corpus_is_understood(engines: Engines, line: str) -> None:
    errors = total = 0
    for entry in ENTRIES:
        pcm = samples(entry["file"])
        sound = (pcm.tobytes(), RATE) if line == "wide" else (telephone(pcm), mulaw.RATE)
        heard = await engines.hearing.transcribe(*sound, "")
        errors += word_errors(words(entry["text"]), words(heard))
        total += len(words(entry["text"]))
    assert errors / total <= 0.1


@pytest.mark.parametrize("silence", [0.0, 0.5, 1.5])
async def test_a_short_question_is_heard_once(engines: Engines, silence: float) -> None:
    """The model says it twice, for which the speech is too short, whatever silence is around it."""
    question = "Are you open tonight?"
    spoken = b"".join([part async for part in engines.voice.speak(question, "", 1.0)])
    around = bytes(2 * round(silence * VOICE_RATE))
    narrow = soxr.resample(np.frombuffer(around + spoken + around, "<i2"), VOICE_RATE, mulaw.RATE)
    assert await engines.hearing.transcribe(narrow.astype("<i2").tobytes(), mulaw.RATE, "") == question


@pytest.mark.parametrize("loudness", [0.0, 0.001, 0.005, 0.02])
async def test_no_words_are_invented_in_silence_or_noise(engines: Engines, loudness: float) -> None:
    noise = np.random.default_rng(1).normal(0, loudness * 32768, 3 * RATE).astype("<i2")
    assert await engines.hearing.transcribe(noise.tobytes(), RATE, "") == ""


@pytest.mark.parametrize("pcm", [b"", b"\0", b"\0\1" * 10])
async def test_next_to_nothing_is_heard_as_nothing(engines: Engines, pcm: bytes) -> None:
    assert await engines.hearing.transcribe(pcm, RATE, "") == ""


async def test_more_than_a_window_is_heard_to_its_end(engines: Engines) -> None:
    pause = np.zeros(26 * RATE, np.int16)
    long = np.concatenate([samples("08_interrupt_stop.wav"), pause, samples("04_team_duke.wav")])
    heard = await engines.hearing.transcribe(long.tobytes(), RATE, "")
    assert "stop" in heard.lower()
    assert "Carolina" in heard


async def test_two_callers_are_each_given_their_own_words(engines: Engines) -> None:
    files = ["04_team_duke.wav", "06_team_gonzaga.wav"] * 2
    heard = await asyncio.gather(
        *(engines.hearing.transcribe(samples(file).tobytes(), RATE, "") for file in files)
    )
    assert ["Duke" in text for text in heard] == [True, False, True, False]
    assert ["Gonzaga" in text for text in heard] == [False, True, False, True]


async def test_a_caller_who_is_gone_leaves_the_ears_to_the_next(engines: Engines) -> None:
    pcm = samples("04_team_duke.wav").tobytes()
    gone = asyncio.create_task(engines.hearing.transcribe(pcm, RATE, ""))
    await asyncio.sleep(0)
    gone.cancel()
    assert "Duke" in await engines.hearing.transcribe(pcm, RATE, "")
    assert gone.cancelled()


LOOPS = {
    "Goodbye. " * 9: "Goodbye.",
    "I would like to go. I would like to go. I would like to go. I would like to go.": "I would like to go.",
    "Thank you. Thank you. Thank you.": "Thank you. Thank you. Thank you.",
    "No, no, that is it.": "No, no, that is it.",
    "Hello. Bye bye bye bye bye bye now.": "Hello. Bye now.",
    "": "",
}


@pytest.mark.parametrize("heard", LOOPS)
def test_a_phrase_that_comes_again_and_again_is_heard_once(heard: str) -> None:
    assert without_loops(heard, 3.0) == LOOPS[heard]


def test_a_phrase_may_come_as_often_as_the_sound_has_room_for() -> None:
    assert without_loops("Goodbye. Goodbye. Goodbye.", 0.4) == "Goodbye."
    assert without_loops("Goodbye. Goodbye. Goodbye.", 2.0) == "Goodbye. Goodbye. Goodbye."
