"""Converts written text to text that a voice reads well: pure functions, without Pipecat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.lazy_names import lazy_names

if TYPE_CHECKING:
    from agentrun.text_normalization.normalizer import Normalizer
    from agentrun.text_normalization.unspoken.speaker_label import SpeakerLabel
    from agentrun.text_normalization.unspoken.thinking_ahead import ThinkingAhead
    from agentrun.text_normalization.unspoken.unspoken_text import HiddenText

__all__ = ["HiddenText", "Normalizer", "SpeakerLabel", "ThinkingAhead"]
__getattr__ = lazy_names(
    __name__,
    {
        "HiddenText": "agentrun.text_normalization.unspoken.unspoken_text",
        "Normalizer": "agentrun.text_normalization.normalizer",
        "SpeakerLabel": "agentrun.text_normalization.unspoken.speaker_label",
        "ThinkingAhead": "agentrun.text_normalization.unspoken.thinking_ahead",
    },
)
