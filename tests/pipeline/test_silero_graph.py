"""Silero's model of one rate is what its file holds of that rate, and nothing else."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import onnxruntime
import pytest

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.hearing import silero_graph

FILE = resources.files("pipecat.audio.vad.data").joinpath("silero_vad.onnx")


def sound(rate: int, windows: int) -> np.ndarray[Any, Any]:
    """Noise whose loudness changes from window to window, each with its context."""
    random = np.random.default_rng(rate)
    size = silero_graph.CONTEXT[rate] + silero_graph.WINDOW[rate]
    return (random.standard_normal((windows, 1, size)) * random.random((windows, 1, 1))).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_it_answers_to_the_last_bit_what_the_whole_file_does(rate: int) -> None:
    whole = onnxruntime.InferenceSession(FILE.read_bytes(), providers=["CPUExecutionProvider"])
    ours = pipecat_private.silero_session(rate)
    state = theirs = np.zeros(silero_graph.STATE, np.float32)
    for window in sound(rate, 100):
        confidence, state = ours.run(None, {"input": window, "state": state})
        expected, theirs = whole.run(None, {"input": window, "state": theirs, "sr": np.array(rate)})
        np.testing.assert_array_equal(confidence, expected)
        np.testing.assert_array_equal(state, theirs)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_it_is_loaded_once(rate: int) -> None:
    assert pipecat_private.silero_session(rate) is pipecat_private.silero_session(rate)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_it_holds_one_rate(rate: int) -> None:
    assert len(silero_graph.of_rate(FILE.read_bytes(), rate)) < 0.6 * len(FILE.read_bytes())


@pytest.mark.parametrize("model", [b"", b"\x3a\x00", b"\x3a\x04\x0a\x02\x22\x00"])
def test_another_model_is_refused(model: bytes) -> None:
    with pytest.raises(ValueError, match="where Silero"):
        silero_graph.of_rate(model, 8_000)
