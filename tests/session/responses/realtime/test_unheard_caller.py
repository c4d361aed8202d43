"""Speech that a realtime server does not react to is noticed, and nothing else is."""

from __future__ import annotations

import asyncio
import math
import wave
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InputAudioRawFrame

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.realtime.judgement import speech_in
from agentrun.session.responses.realtime.unheard_caller import REACTION_SECONDS, UnheardCaller
from agentrun.testing import virtual_time
from agentrun.transports import mulaw

CORPUS = Path(__file__).parents[3] / "corpus"
RATE = 8000
LOUD = np.full(160, 8000, "<i2").tobytes()
QUIET = bytes(320)


class Server:
    """Hears at the times that a test says."""

    heard_at = -1.0


async def sound(watch: UnheardCaller, audio: bytes, seconds: float) -> None:
    for _ in range(round(seconds * 50)):
        watch.hear(InputAudioRawFrame(audio, RATE, 1))
        await asyncio.sleep(0.02)


async def telephone_sound(watch: UnheardCaller, audio: bytes, seconds: float) -> None:
    for _ in range(round(seconds * 50)):
        watch.hear_code(mulaw.encode_pcm(audio))
        await asyncio.sleep(0.02)


def play(main: Coroutine[Any, Any, bool]) -> bool:
    return virtual_time.run(main)


async def utterance(
    loud: float,
    wait: float,
    *,
    heard: bool = False,
    speech: bool = True,
    sound: Callable[[UnheardCaller, bytes, float], Awaitable[None]] = sound,
) -> bool:
    server = Server()
    watch = UnheardCaller(lambda: server.heard_at, lambda _sound: speech)
    await sound(watch, QUIET, 2)
    await sound(watch, LOUD, loud)
    if heard:
        server.heard_at = asyncio.get_running_loop().time()
    await sound(watch, QUIET, wait)
    return watch.is_unheard()


def test_speech_without_a_reaction_is_unheard() -> None:
    assert play(utterance(1.0, REACTION_SECONDS + 0.1))


def test_a_telephone_s_own_code_is_heard_as_well() -> None:
    unheard = REACTION_SECONDS + 0.1
    assert play(utterance(1.0, unheard, sound=telephone_sound))
    assert not play(utterance(1.0, unheard, sound=telephone_sound, heard=True))
    assert not play(utterance(0.3, unheard, sound=telephone_sound))


def test_what_is_judged_of_a_telephone_s_sound_is_pcm() -> None:
    judged: list[bytes] = []

    def keep(sound: bytes) -> bool:
        judged.append(sound)
        return True

    async def main() -> None:
        watch = UnheardCaller(lambda: -1.0, keep)
        await telephone_sound(watch, LOUD, 1)
        await telephone_sound(watch, QUIET, REACTION_SECONDS + 0.1)
        watch.is_unheard()

    virtual_time.run(main())
    assert judged[0][:16000] == mulaw.decode_pcm(mulaw.encode_pcm(LOUD)) * 50


def test_a_server_is_given_time_to_react() -> None:
    assert not play(utterance(1.0, REACTION_SECONDS - 0.5))


def test_a_server_that_reacted_has_heard_it() -> None:
    assert not play(utterance(1.0, REACTION_SECONDS + 0.1, heard=True))


def test_a_cough_and_a_noise_are_no_speech() -> None:
    assert not play(utterance(0.3, REACTION_SECONDS + 0.1))
    assert not play(utterance(1.0, REACTION_SECONDS + 0.1, speech=False))


def noticed(seconds: float, *, every: float = 2.4, speech: bool = True, hears: bool = False) -> float:
    """When somebody who says a word of ``seconds`` again and again is noticed; 30 for never."""

    async def main() -> float:
        clock, server = asyncio.get_running_loop().time, Server()
        watch, began = UnheardCaller(lambda: server.heard_at, lambda _: speech, patience=6.0), clock()
        while clock() - began < 30:
            await sound(watch, LOUD, seconds)
            server.heard_at = clock() if hears else server.heard_at
            for _ in range(round((every - seconds) * 5)):
                await sound(watch, QUIET, 0.2)
                if watch.is_unheard():
                    return clock() - began
        return 30.0

    return virtual_time.run(main())


def test_words_that_are_said_again_and_again_are_noticed_however_short_they_are() -> None:
    assert noticed(0.6) <= 6.0 + 4.0
    assert noticed(0.35) <= 6.0 + 4.0
    assert noticed(0.2) <= 15.0


def test_noises_and_words_that_the_server_hears_are_not() -> None:
    assert noticed(0.35, speech=False) == noticed(0.6, speech=False) == 30.0
    assert noticed(0.35, hears=True) == noticed(0.6, hears=True) == 30.0
    assert noticed(0.35, every=9.5) == 30.0


def test_an_utterance_counts_once_and_the_next_one_anew() -> None:
    async def main() -> list[bool]:
        watch = UnheardCaller(lambda: -1.0, lambda _sound: True)
        found = []
        for _ in range(2):
            await sound(watch, LOUD, 1)
            await sound(watch, QUIET, REACTION_SECONDS + 0.1)
            found += [watch.is_unheard(), watch.is_unheard()]
        return found

    assert virtual_time.run(main()) == [True, False, True, False]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_speech_is_told_from_noise(rate: int) -> None:
    analyzer = pipecat_private.SharedSilero(VADParams())
    is_speech = speech_in(analyzer, rate)
    with wave.open(str(CORPUS / "13_ambiguous.wav")) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        at = np.arange(0, len(found), file.getframerate() / rate)
    spoken = np.interp(at, np.arange(len(found)), found).astype("<i2")
    noise = np.random.default_rng(7).normal(0, 3000, rate * 2).astype("<i2")
    assert is_speech(spoken.tobytes())
    assert not is_speech(noise.tobytes())


@pytest.mark.parametrize(("ends", "unheard"), [(False, True), (True, False)])
def test_a_server_that_hears_the_beginning_has_the_time_of_an_answer_to_hear_the_end(
    ends: bool, unheard: bool
) -> None:
    async def main() -> tuple[bool, bool]:
        clock = asyncio.get_running_loop().time
        server = Server()
        watch = UnheardCaller(
            lambda: server.heard_at, lambda _sound: True, lambda: server.heard_at, patience=6.0
        )
        await sound(watch, QUIET, 2)
        await sound(watch, LOUD, 0.5)
        server.heard_at = clock()
        await sound(watch, LOUD, 0.5)
        await sound(watch, QUIET, 1)
        server.heard_at = clock() if ends else server.heard_at
        await sound(watch, QUIET, 4)
        early = watch.is_unheard()
        await sound(watch, QUIET, 1.5)
        return early, watch.is_unheard()

    assert virtual_time.run(main()) == (False, unheard)


def test_the_beginning_and_the_end_of_an_utterance_are_told_once() -> None:
    async def main() -> list[str]:
        told: list[str] = []
        watch = UnheardCaller(
            *(lambda: -1.0, lambda _sound: True, lambda: -1.0, REACTION_SECONDS),
            began=lambda: told.append("began"),
            ended=lambda ago: told.append(f"ended {ago:.1f} s ago"),
        )
        await sound(watch, LOUD, 1)
        for _ in range(20):
            await sound(watch, QUIET, 0.1)
            watch.is_unheard()
        return told

    assert virtual_time.run(main()) == ["began", "ended 0.8 s ago"]


@pytest.mark.parametrize("feed", [sound, telephone_sound])
def test_the_detector_is_given_the_samples_of_what_was_loud_and_no_more_than_three_seconds(
    feed: Callable[[UnheardCaller, bytes, float], Awaitable[None]],
) -> None:
    given: list[bytes] = []

    def is_speech(pcm: bytes) -> bool:
        given.append(pcm)
        return True

    async def main() -> bool:
        watch = UnheardCaller(lambda: -1.0, is_speech)
        await feed(watch, QUIET, 2)
        await feed(watch, LOUD, 5)
        await feed(watch, QUIET, REACTION_SECONDS + 0.5)
        return watch.is_unheard()

    assert play(main())
    [pcm] = given
    assert len(pcm) == 3 * RATE * 2
    assert pcm[: len(LOUD)] in (LOUD, mulaw.decode_pcm(mulaw.encode_pcm(LOUD)))


NOISE = np.full(160, 3000, "<i2").tobytes()


def is_voice(pcm: bytes) -> bool:
    return LOUD[:2] in pcm


async def polled(watch: UnheardCaller, audio: bytes, seconds: float) -> bool:
    """Play a sound, and ask five times a second, as is done in a call."""
    unheard = False
    for _ in range(round(seconds * 5)):
        await sound(watch, audio, 0.2)
        unheard = watch.is_unheard() or unheard
    return unheard


def test_what_is_loud_for_long_and_no_speech_is_a_noise_until_there_is_speech_in_it() -> None:
    async def main() -> list[str]:
        told: list[str] = []
        watch = UnheardCaller(
            *(lambda: -1.0, is_voice),
            began=lambda: told.append("began"),
            ended=lambda ago: told.append(f"ended {ago:.1f} s ago"),
        )
        await polled(watch, QUIET, 2)
        await polled(watch, NOISE, 12)
        told.append("speaks")
        await polled(watch, LOUD, 3)
        await polled(watch, NOISE, 8)
        await polled(watch, QUIET, 2)
        await polled(watch, LOUD, 1)
        return told

    assert virtual_time.run(main()) == [
        "began",
        "ended 1.5 s ago",
        "speaks",
        "began",
        "ended 1.5 s ago",
        "began",
    ]


@pytest.mark.parametrize("heard", [True, False])
def test_a_question_that_a_noise_follows_is_waited_for_from_its_own_end(heard: bool) -> None:
    async def main() -> float:
        clock = asyncio.get_running_loop().time
        server = Server()
        watch = UnheardCaller(lambda: server.heard_at, is_voice, lambda: server.heard_at, patience=6.0)
        await polled(watch, QUIET, 2)
        await polled(watch, LOUD, 1)
        server.heard_at = clock() if heard else -1.0
        await polled(watch, LOUD, 0.4)
        began = clock()
        while not await polled(watch, NOISE, 0.2):
            assert clock() - began < 30.0
        return clock() - began

    waited = virtual_time.run(main())
    assert waited <= 10.0
    assert (waited > 6.0) is heard


@pytest.mark.parametrize(
    ("sounds", "spoke"),
    [
        ([(QUIET, 2.0)], False),
        ([(NOISE, 0.3), (QUIET, 0.7)], False),
        ([(LOUD, 0.3), (QUIET, 0.7)], True),
        ([(NOISE, 20.0)], False),
    ],
)
@pytest.mark.parametrize("before", [LOUD, NOISE])
def test_whether_somebody_spoke_in_a_turn_is_judged_by_its_own_sound(
    sounds: list[tuple[bytes, float]], spoke: bool, before: bytes
) -> None:
    async def main() -> bool:
        watch = UnheardCaller(lambda: math.inf, is_voice)
        await polled(watch, before, 1.0)
        await polled(watch, QUIET, 2.0)
        began = asyncio.get_running_loop().time()
        for audio, seconds in sounds:
            await polled(watch, audio, seconds)
        return watch.spoke_since(began)

    assert virtual_time.run(main()) is spoke


def test_what_was_found_of_one_sound_is_not_taken_for_another_s() -> None:
    asked: list[Future[bool]] = []

    def judge(_sound: bytes) -> Future[bool]:
        asked.append(Future())
        return asked[-1]

    async def main() -> list[bool]:
        server = Server()
        watch = UnheardCaller(lambda: server.heard_at, lambda _sound: True, judge=judge)
        await sound(watch, LOUD, 1)
        await sound(watch, QUIET, REACTION_SECONDS + 0.1)
        found = [watch.is_unheard()]
        server.heard_at = asyncio.get_running_loop().time()
        asked[0].set_result(True)
        found.append(watch.is_unheard())
        await asyncio.sleep(300.0)
        await sound(watch, LOUD, 1)
        await sound(watch, QUIET, REACTION_SECONDS + 0.1)
        found.append(watch.is_unheard())
        asked[1].set_result(False)
        return [*found, watch.is_unheard()]

    assert virtual_time.run(main()) == [False] * 4
    assert len(asked) == 2


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.5])
def test_one_sound_is_judged_at_a_time(seconds: float) -> None:
    at_once = most = 0

    def judge(_sound: bytes) -> Future[bool]:
        nonlocal at_once, most
        future: Future[bool] = Future()
        future.set_running_or_notify_cancel()
        at_once += 1
        most = max(most, at_once)

        def end() -> None:
            nonlocal at_once
            at_once -= 1
            future.set_result(False)

        asyncio.get_running_loop().call_later(seconds, end)
        return future

    async def main() -> None:
        watch = UnheardCaller(lambda: -1.0, is_voice, judge=judge)
        for _ in range(3):
            await polled(watch, NOISE, 14.0)
            await polled(watch, QUIET, 3.0)
            await polled(watch, LOUD, 1.0)
            await polled(watch, QUIET, 3.0)

    virtual_time.run(main())
    assert most == 1


@pytest.mark.parametrize("ago", [0.20006, 0.2001, 0.3, 0.50003])
def test_the_sound_since_a_time_is_cut_between_two_samples(ago: float) -> None:
    asked: list[bytes] = []

    def is_speech(one: bytes) -> bool:
        asked.append(one)
        return True

    async def main() -> bool:
        watch = UnheardCaller(lambda: -1.0, is_speech)
        await sound(watch, LOUD, 1.0)
        return watch.spoke_since(asyncio.get_running_loop().time() - ago)

    assert virtual_time.run(main())
    assert set(np.frombuffer(asked[0], "<i2")) == {8000}
