"""Counts the usage of a realtime response whose end Pipecat ignores because another has begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.services.openai.realtime import events
from pydantic import ValidationError


def tokens(event: Mapping[str, Any]) -> LLMTokenUsage | None:
    """The tokens that a ``response.done`` tells of, as Pipecat 1.14 counts them; None where it tells none.

    >>> usage = {"total_tokens": 7, "input_tokens": 3, "output_tokens": 4}
    >>> end = {"type": "response.done", "event_id": "e", "response": {"output": [], "usage": usage}}
    >>> tokens(end).completion_tokens
    4
    """
    response = event.get("response")
    told = response.get("usage") if isinstance(response, Mapping) else None
    try:
        usage = events.Usage.model_validate(told) if told else None
    except ValidationError:
        return None
    if usage is None:
        return None
    taken, made = usage.input_token_details, usage.output_token_details
    cached = taken.cached_tokens_details if taken else None
    return LLMTokenUsage(
        prompt_tokens=usage.input_tokens or 0,
        completion_tokens=usage.output_tokens or 0,
        total_tokens=usage.total_tokens or 0,
        cache_read_input_tokens=taken.cached_tokens if taken else None,
        input_audio_tokens=taken.audio_tokens if taken else None,
        output_audio_tokens=made.audio_tokens if made else None,
        cache_read_input_audio_tokens=cached.audio_tokens if cached else None,
    )
