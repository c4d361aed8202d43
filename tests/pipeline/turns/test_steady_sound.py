"""While a caller neither begins, pauses nor stops, their sound goes into the pipeline in larger pieces."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pipecat.audio.turn.smart_turn import base_smart_turn
from pipecat.audio.vad.vad_analyzer import VADParams, VADState

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.steady_sound import JudgedSound, SteadySound
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE
from tests.calls.desk import QUESTION

PIECE_BYTES = RATE // 10 * 2
FRAMES = (640, 640, 320)
"""Bytes of two messages, two and one: whenever a window of 32 ms is full."""


def line(*, pause: float) -> bytes:
    """A quiet line, a question, a pause in it, the question again, and a quiet line."""
    speech = from_file(QUESTION)
    words = speech.samples[int(speech.start * RATE) : int(speech.end * RATE)]
    silences = [np.zeros(int(seconds * RATE), np.int16) for seconds in (1, pause, 2)]
    sound = np.concatenate((silences[0], words, silences[1], words, silences[2]))
    noise = np.random.default_rng(0).normal(0, 20, len(sound))
    return bytes((sound + noise).astype("<i2").tobytes())


def frames(sound: bytes) -> list[bytes]:
    place, found = 0, list[bytes]()
    while place < len(sound):
        size = FRAMES[len(found) % len(FRAMES)]
        found.append(sound[place : place + size])
        place += size
    return found


class Heard:
    """What a pipeline is told of a line, each with the bytes that it has been given by then."""

    def __init__(self) -> None:
        self.pauses = EarlyEndOfTurn()
        self.pauses.watch(lambda: self._note("pause"), lambda: self._note("withdrawn"))
        self.detector = pipecat_private.SharedSilero(VADParams(min_volume=0.0), self.pauses)
        self.detector.set_sample_rate(RATE)
        self.pieces: list[bytes] = []
        self.told: list[tuple[object, int]] = []

    def _note(self, what: object) -> None:
        self.told.append((what, sum(map(len, self.pieces))))

    async def hear(self, sound: bytes, piece: Callable[[bytes], bytes]) -> None:
        state = VADState.QUIET
        for frame in frames(sound):
            if given := piece(frame):
                self.pieces.append(given)
                now = await self.detector.analyze_audio(given)
                if now is not state:
                    self._note(now)
                state = now
        await self.detector.cleanup()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("pause", [0.15, 0.6])
async def test_whatever_a_caller_does_is_told_as_soon_and_of_as_much_sound(pause: float) -> None:
    whole, gathered = Heard(), Heard()
    sound = line(pause=pause)
    await whole.hear(sound, bytes)
    steady = SteadySound(gathered.detector.judge, lambda: True, PIECE_BYTES)
    await gathered.hear(sound, steady.piece)
    assert gathered.told == whole.told
    assert {"pause", VADState.STARTING, VADState.SPEAKING, VADState.STOPPING, VADState.QUIET} <= {
        what for what, _ in whole.told
    }
    given = b"".join(gathered.pieces)
    assert given == sound[: len(given)]
    assert len(sound) - len(given) < PIECE_BYTES
    assert len(gathered.pieces) < 0.6 * len(whole.pieces)


async def judged(monkeypatch: pytest.MonkeyPatch, sound: bytes, steady: bool) -> list[np.ndarray[Any, Any]]:
    """What smart turn is given at each end of speech, on a clock of sound."""
    now, given = [1_000.0], list[np.ndarray[Any, Any]]()
    clock = SimpleNamespace(monotonic=lambda: now[0], perf_counter=lambda: now[0])
    monkeypatch.setattr(base_smart_turn, "time", clock)
    detector = pipecat_private.SharedSilero(VADParams(min_volume=0.0))
    detector.set_sample_rate(RATE)
    piece = SteadySound(detector.judge, lambda: True, PIECE_BYTES).piece if steady else bytes
    with ThreadPoolExecutor(1) as threads:
        turn: Any = pipecat_private.SharedSmartTurn(None, threads)
    turn.set_sample_rate(RATE)
    turn.update_vad_start_secs(0.2)

    def judge(heard: np.ndarray[Any, Any]) -> dict[str, Any]:
        given.append(heard)
        return {"prediction": 0, "probability": 0.0}

    turn._predict_endpoint = judge
    speaks = False
    for frame in frames(sound):
        now[0] += len(frame) / 2 / RATE
        if not (heard := piece(frame)):
            continue
        state = await detector.analyze_audio(heard)
        turn.append_audio(heard, speaks)
        if speaks and state is VADState.QUIET:
            turn._process_speech_segment(turn._audio_buffer)
        speaks = state is VADState.SPEAKING or (speaks and state is not VADState.QUIET)
    await detector.cleanup()  # type: ignore[no-untyped-call]
    return given


async def test_a_turn_s_end_is_judged_by_the_same_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = line(pause=0.6)
    whole = await judged(monkeypatch, sound, steady=False)
    gathered = await judged(monkeypatch, sound, steady=True)
    assert len(whole) == len(gathered) == 2
    for one, other in zip(whole, gathered, strict=True):
        shared = min(len(one), len(other))
        assert abs(len(one) - len(other)) <= 0.04 * RATE
        np.testing.assert_array_equal(one[-shared:], other[-shared:])


async def test_a_quiet_line_is_ten_pieces_a_second() -> None:
    heard = Heard()
    steady = SteadySound(heard.detector.judge, lambda: True, PIECE_BYTES)
    await heard.hear(bytes(RATE * 2 * 4), steady.piece)
    assert {len(piece) for piece in heard.pieces} == {PIECE_BYTES}
    assert all(isinstance(piece, JudgedSound) for piece in heard.pieces)


async def test_of_a_muted_caller_nothing_is_kept_and_nothing_judged() -> None:
    judged, listened = list[bytes](), [True]

    def judge(sound: bytes) -> tuple[VADState, float]:
        judged.append(sound)
        return VADState.QUIET, 0.0

    steady = SteadySound(judge, lambda: listened[0], PIECE_BYTES)
    assert steady.piece(b"ab") == b""
    listened[0] = False
    assert [steady.piece(b"cd"), steady.piece(b"ef")] == [b"abcd", b"ef"]
    assert judged == [b"ab"]
    listened[0] = True
    assert steady.piece(b"gh") == b""
    assert judged == [b"ab", b"gh"]


async def test_sound_that_cannot_be_judged_goes_on_at_once() -> None:
    def judge(_sound: bytes) -> tuple[VADState, float]:
        raise RuntimeError("no model")

    steady = SteadySound(judge, lambda: True, PIECE_BYTES)
    pieces = [steady.piece(b"ab"), steady.piece(b"cd")]
    assert pieces == [b"ab", b"cd"]
    assert not any(isinstance(piece, JudgedSound) for piece in pieces)


def test_a_change_is_never_kept() -> None:
    states = [VADState.QUIET] * 2 + [VADState.STARTING] * 2 + [VADState.SPEAKING] * 3
    states += [VADState.STOPPING] * 2 + [VADState.SPEAKING, VADState.STOPPING] + [VADState.QUIET] * 2
    left = iter(states)
    steady = SteadySound(lambda _sound: (next(left), 0.0), lambda: True, 1_000)
    kept = [not steady.piece(b"ab") for _ in states]
    changes = [False, *(one is not other for one, other in pairwise(states))]
    doubtful = [state in (VADState.STARTING, VADState.STOPPING) for state in states]
    assert kept == [not (change or doubt) for change, doubt in zip(changes, doubtful, strict=True)]
