"""Questions of a script are told apart by their sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agentrun.simulate.bench.scripted_transcription import ScriptedTranscription
from agentrun.simulate.caller.script import Utterance
from agentrun.simulate.caller.sound import speech
from agentrun.transports.mulaw import RATE, decode, encode

CORPUS = Path(__file__).parents[2] / "corpus"
NAMES = ("02_mens_scores", "03_womens_scores", "13_ambiguous")
KNOWN = [Utterance(speech.from_file(CORPUS / f"{name}.wav"), text=name) for name in NAMES]


@pytest.mark.parametrize("number", range(len(NAMES)))
async def test_a_question_is_known_over_the_telephone(number: int) -> None:
    heard = decode(encode(KNOWN[number].speech.samples))
    cut = np.concatenate([heard[1000:-2000], np.zeros(4000, np.int16)])
    assert await ScriptedTranscription(KNOWN).transcribe(cut.tobytes(), RATE, "") == NAMES[number]


async def test_a_part_of_a_question_is_that_question() -> None:
    part = KNOWN[1].speech.samples[8000:16000]
    assert await ScriptedTranscription(KNOWN).transcribe(part.tobytes(), RATE, "") == NAMES[1]


@pytest.mark.parametrize("sound", ["other", "noise", "silence", "nothing"])
async def test_other_sound_is_no_words(sound: str) -> None:
    noise = np.random.default_rng(1).normal(0, 3000, RATE).astype(np.int16)
    other = speech.from_file(CORPUS / "08_interrupt_stop.wav").samples
    heard = {"other": other, "noise": noise, "silence": noise * 0, "nothing": noise[:0]}[sound]
    assert await ScriptedTranscription(KNOWN).transcribe(heard.tobytes(), RATE, "") == ""
