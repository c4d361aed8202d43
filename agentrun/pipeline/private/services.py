"""What a service was told, whether it hears, and how it changes rates."""

from __future__ import annotations

from typing import Any, Literal

from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import StartFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.stt_service import WebsocketSTTService
from pipecat.transports.base_output import BaseOutputTransport
from websockets.protocol import State

QUALITY: Literal["HQ"] = "HQ"


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
