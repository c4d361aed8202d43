"""Differences between realtime services, most of which Pipecat models on OpenAI's."""

from __future__ import annotations

import sys
from typing import Any

from pipecat.frames.frames import Frame, InputTextRawFrame, LLMMessagesAppendFrame

_UNTAKEN = ("pipecat.services.azure.voice_live.", "pipecat.services.inworld.")


def has_earlier_names(llm: object) -> bool:
    """Whether the events have the names that OpenAI's had before: those of Azure Voice Live.

    >>> has_earlier_names(None)
    False
    """
    return hasattr(llm, "_response_in_flight")


def client_events(llm: object) -> Any:
    """The module with the events that a service sends, each its own."""
    modules = (vars(sys.modules[each.__module__]) for each in type(llm).__mro__)
    return next(module["events"] for module in modules if "events" in module)


def takes_messages(llm: object) -> bool:
    """Whether a service puts appended messages into its conversation; some only say that they don't."""
    return not type(llm).__module__.startswith(_UNTAKEN)


def finds_written(llm: object) -> bool:
    """Whether a service gives its model by itself what the caller writes, as it finds it in the context."""
    return hasattr(llm, "_last_context_message_count")


def asking(llm: object, text: str) -> Frame:
    """The frame by which any realtime model is asked to answer ``text``, which is nothing the caller said.

    It goes to the service itself: the caller's aggregator would keep it until their next turn. Ultravox takes
    such words as the caller's alone.

    >>> asking(None, "Go on.").text
    'Go on.'
    """
    if not hasattr(llm, "_handle_messages_append"):
        return InputTextRawFrame(text=text)
    message: Any = {"role": "developer", "content": text}
    return LLMMessagesAppendFrame([message], run_llm=True)
