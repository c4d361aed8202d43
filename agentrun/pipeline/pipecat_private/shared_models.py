"""Resources shared by all calls: local models, and the OpenAI SDK's connections."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import resources
from typing import Any

import numpy as np
import onnxruntime
from openai import AsyncOpenAI
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.metrics.metrics import MetricsData, TurnMetricsData
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline.pipecat_private.hearing.turn_features import features
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.pipeline.turns.steady_sound import JudgedSound

_PIECE_SECONDS = 0.032
"""Of which a turn's beginning is one; it is not as exact as that."""
UNSURE = 0.15
"""From this probability on a judgement that a turn goes on is asked for once more, with all of its silence.

``benchmarks/turn_ends.py``: of 360 ends of questions on a telephone the pause alone misses 3.6 %, Pipecat's
one look at 200 ms of silence none, both looks 0.3 %; of 360 that are cut off in the middle they take 44, 71
and 60 % for ended.
"""


@functools.cache
def smart_turn_session() -> Any:
    """Smart turn's ONNX session, loaded once and shared by all calls.

    To plan its memory as one piece saves no time, and takes 9 MB more once it has judged. It is given the
    file's path: a session keeps the bytes that it is given.
    """
    file = resources.files("pipecat.audio.turn.smart_turn.data").joinpath("smart-turn-v3.2-cpu.onnx")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    with resources.as_file(file) as path:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_smart_turn_once(session: Any) -> None:
    """Judge 8 s of silence, to see that it can be done."""
    silence = features(np.zeros(1, dtype=np.float32))
    session.run(None, {"input_features": silence[np.newaxis]})


class SharedSmartTurn(LocalSmartTurnAnalyzerV3):
    """Smart turn with a buffer of its own over a session and threads that all calls share."""

    def __init__(
        self, session: Any, threads: ThreadPoolExecutor, pauses: EarlyEndOfTurn | None = None
    ) -> None:
        BaseSmartTurn.__init__(self)
        self._log_data = False
        self._session = session
        self._threads = threads
        self._early: Future[tuple[EndOfTurnState, MetricsData | None]] | None = None
        if pauses:
            pauses.watch(self._begin, self._withdraw)

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return self._threads

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        """As Pipecat's, which notes when each piece came: what came together is told apart again."""
        began: float = self._speech_start_time
        state = super().append_audio(buffer, is_speech)
        if not isinstance(buffer, JudgedSound) or not self._audio_buffer:
            return state
        at, whole = self._audio_buffer.pop()
        size = int(_PIECE_SECONDS * self._sample_rate)
        ends = range(len(whole) % size or size, len(whole) + 1, size)
        self._audio_buffer += [
            (at - (len(whole) - end) / self._sample_rate, whole[max(0, end - size) : end]) for end in ends
        ]
        if not began and self._speech_start_time:
            self._speech_start_time = self._audio_buffer[-len(ends)][0]
        return state

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        """Whether the turn has ended, as it was judged from the pause on, or is now where that was unsure."""
        early, self._early = self._early, None
        if early is None:
            return await super().analyze_end_of_turn()
        state, metrics = await asyncio.wrap_future(early)
        if state == EndOfTurnState.INCOMPLETE and _is_unsure(metrics):
            return await super().analyze_end_of_turn()
        if state == EndOfTurnState.COMPLETE:
            self._clear(state)
        return state, metrics

    def _predict_endpoint(self, audio_array: Any) -> dict[str, Any]:
        """As Pipecat's, but for how the features are computed."""
        found = features(self._resample_to_model_rate(audio_array))
        outputs = self._session.run(None, {"input_features": found[np.newaxis]})
        probability = float(outputs[0][0].item())
        return {"prediction": int(probability > 0.5), "probability": probability}

    def _begin(self) -> None:
        if self._early is None and self._speech_triggered:
            self._early = self._threads.submit(self._process_speech_segment, list(self._audio_buffer))

    def _withdraw(self) -> None:
        early, self._early = self._early, None
        if early:
            early.cancel()

    def _clear(self, turn_state: EndOfTurnState) -> None:
        self._withdraw()
        super()._clear(turn_state)


def _is_unsure(metrics: MetricsData | None) -> bool:
    """Whether more silence may show that a turn has ended which does not seem to have."""
    return isinstance(metrics, TurnMetricsData) and metrics.probability >= UNSURE


class SharedClient:
    """Gives a Pipecat language model the HTTP client that all calls share.

    Pipecat's constructors take no client and call ``create_client`` while they run.
    """

    def __init__(self, http_client: Any, **kwargs: Any) -> None:
        self._shared_http_client = http_client
        super().__init__(**kwargs)

    def create_client(
        self,
        api_key: Any = None,
        base_url: Any = None,
        organization: Any = None,
        project: Any = None,
        default_headers: Any = None,
        **_kwargs: Any,
    ) -> AsyncOpenAI:
        """The SDK's client over the shared connections."""
        return AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            organization=organization,
            project=project,
            default_headers=default_headers,
            http_client=self._shared_http_client,
        )

    _create_client = create_client
    """What the Responses services call it."""


async def close_own_clients(services: Iterable[FrameProcessor], shared: Any) -> None:
    """Close the OpenAI clients that services made for themselves: Pipecat leaves their connections open.

    Those over the ``shared`` HTTP client are everybody's.
    """
    for service in services:
        for value in vars(service).values():
            if isinstance(value, AsyncOpenAI) and value._client is not shared:
                await value.close()
