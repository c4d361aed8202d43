"""Smart turn is given Whisper's features, and judges as it does with Pipecat's."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.audio.turn.smart_turn._whisper_features import compute_whisper_log_mel_features
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.hearing.turn_features import SAMPLES, features
from agentrun.simulate.caller.sound.speech import from_file
from agentrun.transports.mulaw import RATE

CORPUS = Path(__file__).parents[1] / "corpus"
EDGES = (0, 1, 159, 160, 161, 200, 201, 4_000, 48_000, 64_077, SAMPLES - 201, SAMPLES - 1, SAMPLES)


@pytest.mark.parametrize("length", [*EDGES, SAMPLES + 12_000])
@pytest.mark.parametrize("silent", [False, True])
def test_they_are_whisper_s(length: int, silent: bool) -> None:
    random = np.random.default_rng(length)
    sound = (random.standard_normal(length) * (not silent)).astype(np.float32)
    padded = np.pad(sound[-SAMPLES:], (max(0, SAMPLES - length), 0))
    np.testing.assert_allclose(features(sound), compute_whisper_log_mel_features(padded), atol=1e-5)


def test_a_long_turn_takes_little_memory() -> None:
    """A thread that judges keeps what it has once had."""
    sound = np.random.default_rng(0).standard_normal(SAMPLES).astype(np.float32)
    features(sound)
    tracemalloc.start()
    try:
        features(sound)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4_000_000


@pytest.mark.parametrize("name", ["02_mens_scores", "09_interrupt_change", "13_ambiguous"])
def test_turns_are_judged_as_with_pipecat_s(name: str) -> None:
    sound = (from_file(CORPUS / f"{name}.wav").samples / 32_768).astype(np.float32)
    with ThreadPoolExecutor(1) as threads:
        ours: Any = pipecat_private.SharedSmartTurn(pipecat_private.smart_turn_session(), threads)
    theirs: Any = LocalSmartTurnAnalyzerV3()
    for end in (len(sound) // 2, len(sound)):
        judged = []
        for analyzer in (ours, theirs):
            analyzer.set_sample_rate(RATE)
            judged.append(analyzer._predict_endpoint(sound[:end]))
        assert judged[0]["prediction"] == judged[1]["prediction"]
        assert judged[0]["probability"] == pytest.approx(judged[1]["probability"], abs=1e-3)


def test_smart_turn_runs_pipecat_s_own_file_to_the_last_bit() -> None:
    ours, theirs = pipecat_private.smart_turn_session(), LocalSmartTurnAnalyzerV3()._session
    sound = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    given = {"input_features": features(sound)[np.newaxis]}
    np.testing.assert_array_equal(ours.run(None, given)[0], theirs.run(None, given)[0])
