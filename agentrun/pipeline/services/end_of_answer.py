"""Keeps the reason why a model ended its answer, with the frame that ends it."""

from __future__ import annotations

import re

from pipecat.frames.frames import Frame, LLMFullResponseEndFrame
from pipecat.processors.frame_processor import FrameProcessor

_REASON = "agentrun.end_reason"
_BROKEN_OFF = "agentrun.broken_off"
_NORMAL = ("", "stop", "tool_calls", "function_call", "completed")
_FILTERED = re.compile(
    r"(?:incomplete \()?(?:content_filter|sensitive|safety|recitation|prohibited_content)\b", re.IGNORECASE
)
"""OpenAI and most others; Zhipu; Gemini's own words, which gateways pass on."""
_FAILED = re.compile(
    r"failed|incomplete|(?:network_)?error\b|abort|insufficient_system_resource", re.IGNORECASE
)
"""A stream or a response that failed; Mistral, OpenRouter and Zhipu; vLLM and SGLang; DeepSeek."""


def note(service: FrameProcessor, reason: str) -> None:
    """Keep the provider's own word for the ``reason`` of the end that ``service`` is about to push."""
    setattr(service, _REASON, reason)


def mark(frame: Frame, service: FrameProcessor) -> None:
    """Have an ``LLMFullResponseEndFrame`` carry the reason that was noted, past other processors."""
    frame.metadata[_REASON] = getattr(service, _REASON, "")


def reason_of(frame: Frame, service: FrameProcessor) -> str:
    """The reason of an end that ``service`` pushes; empty where the provider says nothing."""
    return str(frame.metadata.get(_REASON) or getattr(service, _REASON, ""))


def broken_off() -> LLMFullResponseEndFrame:
    """The end of an answer whose connection was lost in the middle of it."""
    frame = LLMFullResponseEndFrame()
    frame.metadata[_BROKEN_OFF] = True
    return frame


def is_broken_off(frame: Frame) -> bool:
    """Whether an answer ends because its connection was lost."""
    return bool(frame.metadata.get(_BROKEN_OFF))


def is_normal(reason: str) -> bool:
    """Whether an answer that ends for ``reason`` is whole.

    >>> is_normal("stop"), is_normal("length")
    (True, False)
    """
    return reason in _NORMAL


def is_filtered(reason: str) -> bool:
    """Whether an answer ends where the provider's filter has found something in it.

    >>> is_filtered("content_filter"), is_filtered("incomplete (content_filter)"), is_filtered("length")
    (True, True, False)
    """
    return _FILTERED.match(reason) is not None


def is_broken(reason: str) -> bool:
    """Whether an answer ends in the middle, for the provider has failed or filters it.

    One that ends for its length was asked for so; a realtime model's is ``incomplete`` then.

    >>> is_broken("failed (server_error)"), is_broken("content_filter"), is_broken("length"), is_broken("eos")
    (True, True, False, False)
    """
    return _FAILED.match(reason) is not None or is_filtered(reason)
