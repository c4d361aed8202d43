"""Text for the eye becomes text for the voice: pure functions, without Pipecat."""

from agentrun.text_normalization.hidden import HiddenText
from agentrun.text_normalization.normalizer import Normalizer

__all__ = ["HiddenText", "Normalizer"]
