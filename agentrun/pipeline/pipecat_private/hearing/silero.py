"""Silero's voice detector, with ONNX sessions shared by all calls."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import numpy as np
import onnxruntime
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState

from agentrun.pipeline.pipecat_private.hearing import silero_graph
from agentrun.pipeline.turns.background_noise import BackgroundNoise
from agentrun.pipeline.turns.background_speech import BackgroundSpeech
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.steady_sound import JudgedSound
from agentrun.pipeline.turns.sure_speech import SureSpeech

_SPEAKING = (VADState.SPEAKING, VADState.STOPPING)
_SCALE = np.float32(1 / 32_768)


@functools.cache
def silero_session(rate: int) -> Any:
    """The ONNX session for sound at ``rate`` Hz, 8000 or 16000, loaded once and shared by all calls."""
    file = resources.files("pipecat.audio.vad.data").joinpath("silero_vad.onnx")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    model = silero_graph.of_rate(file.read_bytes(), rate)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class SileroModel:
    """What one call's detector knows: the model's state, and the end of the window before.

    >>> 0.0 <= SileroModel(8_000)(bytes(512)) < 0.1
    True
    """

    def __init__(self, rate: int) -> None:
        self._session = silero_session(rate)
        self._context = silero_graph.CONTEXT[rate]
        self._heard = np.zeros((1, self._context + silero_graph.WINDOW[rate]), np.float32)
        self.reset_states()

    def reset_states(self) -> None:
        """Forget what was heard."""
        self._state = np.zeros(silero_graph.STATE, np.float32)
        self._heard[:] = 0.0

    def __call__(self, window: bytes) -> float:
        """How sure it is of a voice in ``window``, 16-bit samples: 0 to 1."""
        heard = self._heard[0]
        heard[: self._context] = heard[-self._context :]
        heard[self._context :] = np.frombuffer(window, "<i2")
        heard[self._context :] *= _SCALE
        confidence, self._state = self._session.run(None, {"input": self._heard, "state": self._state})
        return float(confidence[0, 0])


class SharedSilero(SileroVADAnalyzer):
    """Silero with a state of its own over sessions that all calls share.

    It judges where it is asked. Pipecat has a thread do so, which takes as long to wake as a window of 32 ms
    takes to judge: 0.16 ms. With ``early_start`` less than ``start_secs`` of what is surely speech is enough.
    """

    _model: Any

    def __init__(
        self, params: VADParams, pauses: EarlyEndOfTurn | None = None, *, early_start: bool = False
    ) -> None:
        VADAnalyzer.__init__(self, params=params)
        self._pauses = pauses
        self._sure = SureSpeech() if early_start else None
        self._model = None
        self._windows_since_reset = 0
        self._low_confidence_windows = 0
        self._noise = BackgroundNoise()
        self._behind = BackgroundSpeech()

    def set_sample_rate(self, sample_rate: int) -> None:
        """Judge sound at ``sample_rate`` Hz, 8000 or 16000."""
        super().set_sample_rate(sample_rate)
        self._model = SileroModel(sample_rate)

    def voice_confidence(self, buffer: Any) -> Any:
        """How sure the model is of the caller's voice in ``buffer``, 0 to 1.

        It is 0 unasked for the noise of a quiet line, and for voices behind the caller's own.
        """
        if self._vad_state is VADState.QUIET and self._noise.covers(buffer):
            self._behind.skipped()
            return 0.0
        windows = self._noise.lead_in()
        if windows:
            self._model.reset_states()
            self._windows_since_reset = 0
        for window in windows:
            self._judged(window)
        confidence = self._judged(buffer)
        self._noise.judged(confidence)
        if self._behind.hides(buffer, is_speaking=self._vad_state in _SPEAKING):
            confidence = 0.0
        if self._sure:
            self._begin_early(self._sure, confidence)
        return confidence

    def _judged(self, window: bytes) -> float:
        confidence: float = self._model(window)
        self._maybe_reset_model(confidence)
        return confidence

    def _begin_early(self, speech: SureSpeech, confidence: float) -> None:
        speech.judged(confidence)
        if self._vad_state is VADState.STARTING and speech.begins(self._vad_start_frames):
            self._vad_starting_count = self._vad_start_frames

    def _get_smoothed_volume(self, audio: bytes) -> float:
        """How loud it is, where that counts; measuring costs as much as judging."""
        return super()._get_smoothed_volume(audio) if self._params.min_volume > 0 else 0.0

    def judge(self, sound: bytes) -> tuple[VADState, float]:
        """What the caller does at the end of ``sound``, and for how many seconds they have paused.

        Nobody is told of a pause before the pipeline has the sound.
        """
        state = self._run_analyzer(sound)
        return state, self._vad_stopping_count * self._vad_frames / self.sample_rate

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """What the caller does, as it was judged or is now; those who wait for pauses are told."""
        if isinstance(buffer, JudgedSound):
            state, silence = buffer.state, buffer.silence
        else:
            state, silence = self.judge(buffer)
        if self._pauses is None:
            return state
        if state is VADState.STOPPING:
            self._pauses.silent_for(silence)
        elif state is VADState.SPEAKING:
            self._pauses.silent_for(0.0)
        else:
            self._pauses.ended()
        return state
