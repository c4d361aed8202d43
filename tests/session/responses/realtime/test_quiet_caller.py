"""Speech that is too quiet for a server stands out of the noise of its line, and nothing else does."""

from __future__ import annotations

import asyncio
import wave
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InputAudioRawFrame

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.realtime.judgement import judged, speech_in
from agentrun.session.responses.realtime.quiet_caller import (
    MOST_TIMES,
    REACTION_SECONDS,
    QuietCaller,
    Samples,
)
from agentrun.testing import virtual_time
from agentrun.transports import mulaw

CORPUS = Path(__file__).parents[3] / "corpus"
RATE = 8000
LOOK = RATE // 5
"""How often it is asked for, in samples."""


def words(level: float) -> Samples:
    """A spoken sentence whose loudest tenth of a second has a mean absolute sample of ``level``."""
    with wave.open(str(CORPUS / "13_ambiguous.wav")) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        at = np.arange(0, len(found), file.getframerate() / RATE)
    spoken = np.interp(at, np.arange(len(found)), found)
    tenths = np.abs(spoken[: len(spoken) // 800 * 800]).reshape(-1, 800).mean(axis=1)
    quiet: Samples = (spoken * (level / tenths.max())).astype("<i2")
    return quiet


def hiss(level: float, seconds: float) -> Samples:
    """Noise with a mean absolute sample of ``level``."""
    return np.random.default_rng(7).normal(0, level * 1.2533, round(RATE * seconds)).astype("<i2")


class Line:
    """A line whose sound somebody listens to, and what the server and the agent do meanwhile."""

    def __init__(self, *, telephone: bool = True) -> None:
        self.heard_at, self.heard_caller_at = -1.0, 0.0
        self.caller_speaks = self.waits = False
        self.telephone = telephone
        self.is_speech = speech_in(pipecat_private.SharedSilero(VADParams()), RATE)
        self.quiet = QuietCaller(
            lambda: self.heard_at,
            lambda: self.heard_caller_at,
            lambda: self.caller_speaks,
            lambda: self.waits,
            self.judge,
        )

    def judge(self, sound: bytes) -> Future[bool]:
        return judged(self.is_speech(sound))

    async def brings(self, samples: Samples) -> bool:
        """Whether the caller was to be asked to speak up meanwhile."""
        found = False
        for start in range(0, len(samples), 160):
            piece = samples[start : start + 160].tobytes()
            if self.telephone:
                self.quiet.hear_code(mulaw.encode_pcm(piece))
            else:
                self.quiet.hear(InputAudioRawFrame(piece, RATE, 1))
            await asyncio.sleep(0.02)
            if start % LOOK == 0:
                found = self.quiet.is_too_quiet() or found
        return found

    async def hears(self, samples: Samples) -> None:
        """The server hears the caller, who says this."""
        self.caller_speaks = True
        await self.brings(samples)
        self.caller_speaks = False
        self.heard_at = self.heard_caller_at = asyncio.get_running_loop().time()


def over(noise: float, spoken: Samples) -> Samples:
    """What is spoken after 3 s on a line with a ``noise``, and some seconds behind it."""
    silence = np.zeros(RATE * 3, "<i2")
    said = np.concatenate([silence, spoken, np.zeros(round(RATE * (REACTION_SECONDS + 0.5)), "<i2")])
    return said + hiss(noise, len(said) / RATE)[: len(said)]


@pytest.mark.parametrize("telephone", [True, False])
@pytest.mark.parametrize(("noise", "level"), [(0, 150), (0, 400), (20, 250), (60, 700)])
def test_a_quiet_caller_is_noticed(telephone: bool, noise: float, level: float) -> None:
    async def listen() -> bool:
        return await Line(telephone=telephone).brings(over(noise, words(level)))

    assert virtual_time.run(listen())


@pytest.mark.parametrize("constant", [300, 1_200])
def test_a_quiet_caller_on_a_line_whose_sound_is_not_about_zero_is_noticed(constant: int) -> None:
    async def listen() -> bool:
        return await Line(telephone=False).brings(over(20, words(250)) + np.int16(constant))

    assert virtual_time.run(listen())


@pytest.mark.parametrize("telephone", [True, False])
@pytest.mark.parametrize("level", [20, 60, 150, 450, 2000])
def test_hiss_is_not(telephone: bool, level: float) -> None:
    async def listen() -> bool:
        line = Line(telephone=telephone)
        bursts = [hiss(level, 1), hiss(level * 4, 1), hiss(level, REACTION_SECONDS + 1)]
        return await line.brings(np.concatenate([hiss(level, 8), *bursts, np.zeros(RATE * 3, "<i2")]))

    assert not virtual_time.run(listen())


def test_a_loud_caller_is_another_s_to_notice() -> None:
    async def listen() -> bool:
        return await Line().brings(over(0, words(4000)))

    assert not virtual_time.run(listen())


def test_whom_the_server_hears_is_not_too_quiet() -> None:
    async def listen() -> bool:
        line, sound = Line(), over(0, words(300))
        await line.brings(sound[: RATE * 4])
        line.heard_at = asyncio.get_running_loop().time()
        return await line.brings(sound[RATE * 4 :])

    assert not virtual_time.run(listen())


def test_an_echo_of_the_agent_s_own_voice_is_not_the_caller() -> None:
    async def listen() -> bool:
        line, sound = Line(), over(0, words(300))
        line.waits = True
        await line.brings(sound[: -RATE * 3])
        line.waits = False
        return await line.brings(sound[-RATE * 3 :])

    assert not virtual_time.run(listen())


def test_who_is_not_heard_all_the_same_is_asked_no_more_than_twice() -> None:
    async def listen() -> list[bool]:
        line, sound = Line(), over(0, words(300))
        return [await line.brings(sound) for _ in range(MOST_TIMES + 1)]

    assert virtual_time.run(listen()) == [True] * MOST_TIMES + [False]


@pytest.mark.parametrize("telephone", [True, False])
@pytest.mark.parametrize(
    ("before", "level", "noticed"),
    [(300, 300, True), (300, 150, True), (1500, 430, True), (1500, 190, False), (2500, 300, False)],
)
def test_a_caller_whom_the_server_hears_no_more_is_told_from_a_television_by_how_loud_they_were(
    telephone: bool, before: float, level: float, noticed: bool
) -> None:
    async def listen() -> bool:
        line = Line(telephone=telephone)
        await line.hears(words(before))
        return await line.brings(over(0, words(level)))

    assert virtual_time.run(listen()) is noticed


@pytest.mark.parametrize("known", [False, True], ids=["loudness unknown", "somebody waits"])
def test_nothing_is_looked_into_beside_a_caller_whom_the_server_hears(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    async def listen() -> bool:
        line, sound = Line(), over(0, words(300))
        if known:
            await line.hears(words(300))
            line.waits = True
        else:
            line.heard_caller_at = asyncio.get_running_loop().time()
        await line.brings(sound[:LOOK])
        monkeypatch.delattr(mulaw, "decode")
        return await line.brings(sound)

    assert not virtual_time.run(listen())


def test_an_utterance_to_which_the_server_reacts_is_not_too_quiet() -> None:
    async def listen() -> bool:
        line, sound = Line(), over(0, words(300))
        await line.hears(words(300))
        await line.brings(sound[: RATE * 4])
        line.heard_at = asyncio.get_running_loop().time()
        return await line.brings(sound[RATE * 4 :])

    assert not virtual_time.run(listen())
