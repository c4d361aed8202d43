"""The voice detector tells of pauses, and the end of a turn is judged from them on."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.vad.vad_analyzer import VADParams, VADState

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE, Samples
from tests.calls.desk import QUESTION

PIECE = RATE // 50


def question() -> Samples:
    """The words without the silence around them."""
    speech = from_file(QUESTION)
    return speech.samples[int(speech.start * RATE) : int(speech.end * RATE)]


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.int16)


class Told:
    """What the watchers of pauses were told, and after how many seconds."""

    def __init__(self) -> None:
        self.pauses = EarlyEndOfTurn()
        self.seen: list[tuple[str, float]] = []
        self.seconds = 0.0
        self.pauses.watch(lambda: self._note("begun"), lambda: self._note("withdrawn"))

    def _note(self, what: str) -> None:
        self.seen.append((what, self.seconds))

    async def hear(self, *sounds: Samples) -> list[VADState]:
        """Every state of the detector."""
        vad = pipecat_private.SharedSilero(VADParams(min_volume=0.0), self.pauses)
        vad.set_sample_rate(RATE)
        states, samples = [], np.concatenate(sounds)
        for start in range(0, len(samples), PIECE):
            self.seconds += PIECE / RATE
            states.append(await vad.analyze_audio(samples[start : start + PIECE].tobytes()))
        await vad.cleanup()  # type: ignore[no-untyped-call]
        return states


async def test_a_pause_is_told_before_speech_has_ended() -> None:
    told, words = Told(), question()
    states = await told.hear(silence(0.4), words, silence(0.6))
    ended = (len(states) - states[::-1].index(VADState.STOPPING)) * PIECE / RATE
    [(what, at)] = told.seen[-1:]
    assert what == "begun"
    assert 0.05 <= ended - at <= 0.15


async def test_a_caller_who_goes_on_withdraws_it() -> None:
    told, words = Told(), question()
    await told.hear(silence(0.4), words, silence(0.17), words, silence(0.6))
    assert [what for what, _ in told.seen][-3:] == ["begun", "withdrawn", "begun"]


async def test_every_end_of_speech_has_a_pause_of_its_own() -> None:
    told, words = Told(), question()
    await told.hear(silence(0.4), words, silence(0.6), words, silence(0.6))
    assert [what for what, _ in told.seen].count("begun") >= 2
    assert told.seen[-1][0] == "begun"


async def test_without_speech_there_is_no_pause() -> None:
    told = Told()
    await told.hear(silence(2))
    assert told.seen == []


@pytest.mark.parametrize("goes_on", [False, True])
async def test_the_end_of_a_turn_is_judged_once_from_the_pause_on(goes_on: bool) -> None:
    pauses = EarlyEndOfTurn()
    with ThreadPoolExecutor(1) as threads:
        turn = pipecat_private.SharedSmartTurn(pipecat_private.smart_turn_session(), threads, pauses)
        turn.set_sample_rate(RATE)
        asked: list[int] = []
        inner = turn._predict_endpoint

        def predict(audio_array: np.ndarray[Any, Any]) -> dict[str, Any]:
            asked.append(len(audio_array))
            return inner(audio_array)

        turn._predict_endpoint = predict  # type: ignore[method-assign]
        words = question()
        for start in range(0, len(words), PIECE):
            turn.append_audio(words[start : start + PIECE].tobytes(), True)
        pauses.silent_for(0.1)
        while not asked:  # noqa: ASYNC110 - a thread has no event
            await asyncio.sleep(0.01)
        if goes_on:
            pauses.silent_for(0.0)
        state, metrics = await turn.analyze_end_of_turn()
    assert state is EndOfTurnState.COMPLETE
    assert metrics is not None
    assert len(asked) == (2 if goes_on else 1)


@pytest.mark.parametrize(("first", "times"), [(0.02, 1), (0.14, 1), (0.15, 2), (0.49, 2), (0.51, 1)], ids=str)
async def test_a_pause_that_leaves_doubt_is_judged_again_with_all_of_its_silence(
    first: float, times: int
) -> None:
    """A short "Stop." was waited for by 3 s now and then: more silence tells its end."""
    pauses, found, heard = EarlyEndOfTurn(), iter((first, 0.9)), list[int]()
    with ThreadPoolExecutor(1) as threads:
        turn = pipecat_private.SharedSmartTurn(None, threads, pauses)
        turn.set_sample_rate(RATE)

        def predict(audio_array: np.ndarray[Any, Any]) -> dict[str, Any]:
            heard.append(len(audio_array))
            probability = next(found)
            return {"prediction": int(probability > 0.5), "probability": probability}

        turn._predict_endpoint = predict  # type: ignore[method-assign]
        turn.append_audio(question().tobytes(), True)
        pauses.silent_for(0.1)
        turn.append_audio(silence(0.1).tobytes(), False)
        state, _ = await turn.analyze_end_of_turn()
    assert len(heard) == times
    assert (state is EndOfTurnState.COMPLETE) is (times == 2 or first > 0.5)
    assert heard == sorted(set(heard))


async def test_a_turn_that_was_judged_complete_leaves_no_judgement_behind() -> None:
    pauses = EarlyEndOfTurn()
    with ThreadPoolExecutor(1) as threads:
        turn = pipecat_private.SharedSmartTurn(pipecat_private.smart_turn_session(), threads, pauses)
        turn.set_sample_rate(RATE)
        turn.append_audio(question().tobytes(), True)
        pauses.silent_for(0.1)
        turn.clear()  # type: ignore[no-untyped-call]
        state, metrics = await turn.analyze_end_of_turn()
    assert state is EndOfTurnState.INCOMPLETE
    assert metrics is None
