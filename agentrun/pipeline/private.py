"""Every private name of Pipecat that agentrun relies on, in one place.

Pipecat is pinned exactly, and ``tests/pipeline/test_private.py`` fails when one of these names moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from openai import AsyncOpenAI
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.utils import create_stream_resampler
from pipecat.audio.vad.silero import SileroOnnxModel, SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import CancelFrame, StartFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.stt_service import WebsocketSTTService
from pipecat.transports.base_output import BaseOutputTransport
from websockets.protocol import State

_TICK_SECONDS = 0.01
QUALITY: Literal["HQ"] = "HQ"


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


async def force_cancel(worker: PipelineWorker) -> None:
    """Cancel a worker whose queue is blocked by a processor that never lets the end pass.

    ``worker.cancel()`` queues its frame behind the blocked one and so waits for ever.
    """
    await worker._pipeline.queue_frame(CancelFrame())


async def clean_up(worker: PipelineWorker) -> None:
    """Have every processor close what it has open, past a worker that never comes to do so."""
    await worker._pipeline.cleanup()


def tasks(worker: PipelineWorker) -> list[asyncio.Task[None]]:
    """The tasks of a worker and of the runner that it shares its task manager with; none before its setup."""
    manager = worker._task_manager
    return list(manager.current_tasks()) if manager else []


def realtime_is_deaf(llm: OpenAIRealtimeLLMService) -> bool:
    """Whether the realtime service has stopped listening to its socket.

    Its receive loop ends without a word after an ``error`` event, a clean close, and a dropped
    connection; after a refused connection there is none.
    """
    task = llm._receive_task
    return task is None or task.done()


async def realtime_restore(llm: OpenAIRealtimeLLMService, *, speak: bool) -> None:
    """Connect anew with the conversation so far; with ``speak`` the model goes on at once."""
    if llm._context is None:
        await llm._disconnect()
        await llm._connect()
        return
    await llm.reset_conversation()
    if speak:
        await llm._create_response()


async def realtime_renew_as(llm: OpenAIRealtimeLLMService, settings: Any) -> None:
    """Connect anew with other ``settings``, such as a voice, and the conversation so far."""
    await LLMService._update_settings(llm, settings)
    await realtime_restore(llm, speak=False)


async def realtime_send_conversation(llm: OpenAIRealtimeLLMService) -> None:
    """Give a new session the conversation so far, without asking for an answer."""
    if llm._context is None or not llm._llm_needs_conversation_setup:
        return
    parameters = await llm.get_llm_adapter().get_llm_invocation_params(llm._context)
    for item in parameters["messages"]:
        event = events.ConversationItemCreateEvent(item=item)
        llm._messages_added_manually[event.item.id] = True
        await llm.send_client_event(event)
    await llm._send_session_update()
    llm._llm_needs_conversation_setup = False


def realtime_is_ready(llm: OpenAIRealtimeLLMService) -> bool:
    """Whether the realtime session is configured and takes a conversation."""
    return bool(llm._api_session_ready)


def realtime_is_answering(llm: OpenAIRealtimeLLMService) -> bool:
    """Whether the realtime model is at an answer: a second one can't be asked for meanwhile."""
    return bool(llm._response_active)


async def wait_until_answering(llm: OpenAIRealtimeLLMService, answering: bool, seconds: float) -> None:
    """Wait until the realtime model is ``answering``, or is not, for at most ``seconds``."""
    clock = asyncio.get_running_loop().time
    latest = clock() + seconds
    while realtime_is_answering(llm) is not answering and clock() < latest:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(_TICK_SECONDS)


def realtime_has_context(llm: OpenAIRealtimeLLMService) -> bool:
    """Whether the realtime service has been given a conversation."""
    return llm._context is not None


def resample_quickly(output: FrameProcessor | None) -> None:
    """Have a transport's output change rates in 24 ms instead of 150, from 24 to 8 kHz.

    Pipecat 1.14 asks soxr for its very high quality, precise to 28 bits, whose filter is that much longer.
    The high one is precise to 20 (soxr's documentation), and a telephone carries 14 (ITU-T G.711).
    """
    if not isinstance(output, BaseOutputTransport):
        return
    set_ready = output.set_transport_ready

    async def set_quick_ready(frame: StartFrame) -> None:
        await set_ready(frame)
        for sender in output._media_senders.values():
            sender._resampler = create_stream_resampler(quality=QUALITY, clear_after_secs=None)

    output.set_transport_ready = set_quick_ready  # type: ignore[method-assign]


def hear_quickly(llm: OpenAIRealtimeLLMService) -> None:
    """The same for the sound that a realtime model is sent."""
    llm._resampler = create_stream_resampler(quality=QUALITY)


def settings_of(service: FrameProcessor) -> Any:
    """What a service was told; another one of its class takes it as an update."""
    assert isinstance(service, AIService)  # noqa: S101
    return service._settings


def has_settings(service: FrameProcessor | None) -> bool:
    """Whether ``service``, or what stands behind it, is one of Pipecat's services."""
    return isinstance(service, AIService | ParallelPipeline)


def realtime_modalities(llm: OpenAIRealtimeLLMService) -> Any:
    """In what the realtime model answers: sound or text."""
    settings: Any = llm._settings
    return settings.session_properties.output_modalities


def realtime_voice(llm: OpenAIRealtimeLLMService) -> str | None:
    """The voice of the realtime session."""
    settings: Any = llm._settings
    audio = settings.session_properties.audio
    return audio.output.voice if audio and audio.output else None


def is_connected(service: FrameProcessor) -> bool:
    """Whether a speech service can hear, as far as it knows: its socket is open, and its session begun.

    A service without a socket of Pipecat's kind is taken for connected.
    """
    if not isinstance(service, WebsocketSTTService):
        return True
    begun = not isinstance(service, OpenAIRealtimeSTTService) or service._session_ready
    socket = service._websocket
    return begun and not service._reconnect_in_progress and socket is not None and socket.state is State.OPEN


async def reconnect(service: FrameProcessor) -> None:
    """Connect a streaming speech service anew; after its own attempts it gives up for ever.

    Others connect for each request. A connection that can't be had is told as an ErrorFrame.
    """
    if isinstance(service, WebsocketSTTService):
        await service._do_reconnect()


def forget_frames(pipeline: ParallelPipeline, before: int) -> None:
    """Let a parallel pipeline forget the frames below the id ``before``.

    It remembers all that ever passed, and of a caller's audio fifty pass in a second.
    """
    pipeline._seen_ids = {seen for seen in pipeline._seen_ids if seen >= before}


async def close_own_clients(services: Iterable[FrameProcessor], shared: Any) -> None:
    """Close the OpenAI clients that services made for themselves: Pipecat leaves their connections open.

    Those over the ``shared`` HTTP client are everybody's.
    """
    for service in services:
        for value in vars(service).values():
            if isinstance(value, AsyncOpenAI) and value._client is not shared:
                await value.close()
