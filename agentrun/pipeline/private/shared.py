"""What all calls share: the sessions of local models and the connections of the OpenAI SDK."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import AsyncOpenAI
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroOnnxModel, SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.processors.frame_processor import FrameProcessor


def silero_session() -> Any:
    """Load Silero's ONNX session once, to be shared by all calls (51 ms and 10 MB each otherwise)."""
    return SileroVADAnalyzer()._model.session


def smart_turn_session() -> Any:
    """Load smart turn's ONNX session once, to be shared by all calls."""
    return LocalSmartTurnAnalyzerV3()._session


class SharedSilero(SileroVADAnalyzer):
    """Silero with a state of its own over a session that all calls share."""

    def __init__(self, session: Any, params: VADParams) -> None:
        VADAnalyzer.__init__(self, params=params)
        model = SileroOnnxModel.__new__(SileroOnnxModel)
        model.session = session
        model.sample_rates = [8000, 16000]
        model.reset_states()
        self._model = model
        self._windows_since_reset = 0
        self._low_confidence_windows = 0


class SharedSmartTurn(LocalSmartTurnAnalyzerV3):
    """Smart turn with a buffer of its own over a session and threads that all calls share.

    A thread of its own for each call would cost 34 MB: what OpenBLAS keeps for every thread that multiplies.
    """

    def __init__(self, session: Any, threads: ThreadPoolExecutor) -> None:
        BaseSmartTurn.__init__(self)
        self._log_data = False
        self._session = session
        self._threads = threads

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return self._threads


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
