"""Why a model ended its answer, kept with the frame that says so."""

from __future__ import annotations

from pipecat.frames.frames import Frame, LLMFullResponseEndFrame
from pipecat.processors.frame_processor import FrameProcessor

_REASON = "agentrun.end_reason"
_BROKEN_OFF = "agentrun.broken_off"
_NORMAL = ("", "stop", "tool_calls", "function_call", "completed")


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
