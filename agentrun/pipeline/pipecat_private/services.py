"""What a service was told, what it asks for, and how it resamples."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from pipecat.frames.frames import OutputAudioRawFrame, StartFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.openai.tts import VALID_VOICES, OpenAITTSService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport
from pipecat.utils.text.base_text_aggregator import BaseTextAggregator

from agentrun.pipeline.audio.resampling import PromptResampler
from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.services.speech.sound import NoSpeechError

_TOKENS = {
    "input_tokens": ("prompt_tokens", "input_tokens"),
    "output_tokens": ("completion_tokens", "output_tokens"),
}
"""A record's words for tokens, and OpenAI's: those of chat completions, and those of responses."""


def resample_promptly(output: FrameProcessor | None) -> None:
    """Have a transport's output change rates without holding the sound back."""
    if not isinstance(output, BaseOutputTransport):
        return

    async def set_prompt_ready(frame: StartFrame) -> None:
        await set_ready(frame)
        for sender in output._media_senders.values():
            sender._resampler = PromptResampler()

    set_ready = replace_method(output, "set_transport_ready", set_prompt_ready)


def hear_promptly(service: OpenAIRealtimeLLMService | OpenAIRealtimeSTTService) -> None:
    """The same for the sound that one of OpenAI's realtime services is sent."""
    service._resampler = PromptResampler()


def split_by(service: TTSService, wrapped: Callable[[BaseTextAggregator], BaseTextAggregator]) -> None:
    """Have a voice split texts by what ``wrapped`` makes of its own splitter."""
    service._text_aggregator = wrapped(service._text_aggregator)  # type: ignore[assignment]


def send_ahead(output: FrameProcessor | None, seconds: float) -> None:
    """Let a WebSocket's output be ``seconds`` ahead of what the caller hears.

    Pipecat sends each piece when it is due, so that every stall of the process is heard as a gap.
    """
    if not isinstance(output, FastAPIWebsocketOutputTransport):
        return

    async def wait() -> None:
        now = asyncio.get_running_loop().time()
        due: Any = max(output._next_send_time, now) + output._send_interval
        output._next_send_time = due
        await asyncio.sleep(max(0.0, due - now - seconds))

    replace_method(output, "_write_audio_sleep", wait)


def settings_of(service: FrameProcessor) -> Any:
    """What a service was told; another one of its class takes it as an update."""
    assert isinstance(service, AIService)  # noqa: S101
    return service._settings


def has_settings(service: FrameProcessor | None) -> bool:
    """Whether ``service``, or what stands behind it, is one of Pipecat's services."""
    return isinstance(service, AIService | ParallelPipeline)


def keep_pace(output: FrameProcessor | None) -> None:
    """Have a WebSocket's output take as long for sound that can't be sent as for sound that is played.

    Pipecat drops what waits for a connection that broke off, words included, within a moment: the words would
    count as heard before anybody has said that the line is lost. And it hands on, as played, a piece that an
    interruption took back from the line.
    """
    if not isinstance(output, FastAPIWebsocketOutputTransport):
        return

    async def write(frame: OutputAudioRawFrame) -> bool:
        seconds = len(frame.audio) / 2 / frame.num_channels / frame.sample_rate
        # Pipecat takes all pieces for equally long
        interval: Any = seconds
        output._send_interval = interval
        taken: bool = await write_frame(frame)
        if not taken:
            await asyncio.sleep(seconds)
        return taken and output._next_send_time > 0

    write_frame = replace_method(output, "write_audio_frame", write)


def note_usage(service: FrameProcessor, usage: dict[str, float]) -> None:
    """Have the tokens of a model that is asked beside a conversation put into ``usage``; OpenAI's tell.

    Pipecat's ``run_inference`` gives the text alone.
    """
    client = getattr(service, "_client", None)
    if not isinstance(client, AsyncOpenAI):
        return
    for endpoint in (client.chat.completions, client.responses):
        endpoint.create = _noted(endpoint.create, usage)  # type: ignore[method-assign]


def _noted(create: Any, usage: dict[str, float]) -> Any:
    async def noted(**wanted: Any) -> Any:
        answer = await create(**wanted)
        report = getattr(answer, "usage", None)
        for unit, names in _TOKENS.items():
            spent = next((getattr(report, name) for name in names if getattr(report, name, None)), 0)
            if spent:
                usage[unit] = usage.get(unit, 0.0) + float(spent)
        return answer

    return noted


def speech_client(service: OpenAITTSService) -> AsyncOpenAI:
    """The client of OpenAI's speech service."""
    return service._client


def speech_request(service: OpenAITTSService, text: str) -> dict[str, Any]:
    """What OpenAI's speech service asks for ``text``; raises NoSpeechError for an unknown voice."""
    settings: Any = service._settings
    voice = VALID_VOICES.get(settings.voice)
    if voice is None:
        raise NoSpeechError(f"the voice {settings.voice!r} is not one of {', '.join(sorted(VALID_VOICES))}")
    body = {"input": text, "model": settings.model, "voice": voice, "response_format": "pcm"}
    optional = {"instructions": settings.instructions, "speed": settings.speed}
    return body | {key: value for key, value in optional.items() if value}
