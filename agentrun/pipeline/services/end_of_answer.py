"""Why a model ended its answer, kept with the frame that says so."""

from __future__ import annotations

from pipecat.frames.frames import Frame

_REASON = "agentrun.end_reason"
_NORMAL = ("", "stop", "tool_calls", "function_call", "completed")


def mark(frame: Frame, reason: str) -> None:
    """Note on an ``LLMFullResponseEndFrame`` the provider's own word for its ``reason``."""
    frame.metadata[_REASON] = reason


def reason_of(frame: Frame) -> str:
    """What was noted; empty where the provider says nothing.

    >>> from pipecat.frames.frames import LLMFullResponseEndFrame
    >>> end = LLMFullResponseEndFrame()
    >>> mark(end, "content_filter")
    >>> reason_of(end)
    'content_filter'
    """
    return str(frame.metadata.get(_REASON, ""))


def is_normal(reason: str) -> bool:
    """Whether an answer that ends for ``reason`` is whole.

    >>> is_normal("stop"), is_normal("length")
    (True, False)
    """
    return reason in _NORMAL
