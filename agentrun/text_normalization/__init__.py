"""Text for the eye becomes text for the voice: pure functions, without Pipecat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.lazy_names import lazy_names

if TYPE_CHECKING:
    from agentrun.text_normalization.hidden import HiddenText
    from agentrun.text_normalization.normalizer import Normalizer

__all__ = ["HiddenText", "Normalizer"]
__getattr__ = lazy_names(
    __name__,
    {
        "HiddenText": "agentrun.text_normalization.hidden",
        "Normalizer": "agentrun.text_normalization.normalizer",
    },
)
