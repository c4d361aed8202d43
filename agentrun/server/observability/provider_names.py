"""Provider names as in OpenTelemetry's GenAI conventions."""

from __future__ import annotations

from collections.abc import Iterator

from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

_KINDS: tuple[type, ...] = (STTService, TTSService, LLMService)
_VENDORS = ("pipecat", "services")
_MODELS = {"aws": "aws.bedrock", "azure": "azure.ai.openai", "mistral": "mistral_ai", "xai": "x_ai"}
"""What the conventions call the makers of language models whose packages in Pipecat have other names."""
_IN_SPECS = {
    **_MODELS,
    "aws-bedrock": "aws.bedrock",
    "aws-nova": "aws.bedrock",
    "azure-voice-live": "azure.ai.openai",
    "gemini-live": "gcp.gemini",
    "gemini-vertex-live": "gcp.vertex_ai",
    "google-gemini": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "openai-responses": "openai",
}
"""The same for providers as specs name them."""


def of_model(provider: str) -> str:
    """What the conventions call the ``provider`` of a language model.

    >>> of_model("aws-bedrock"), of_model("ollama")
    ('aws.bedrock', 'ollama')
    """
    return _IN_SPECS.get(provider, provider)


class ProviderNames:
    """Knows the provider by the name of a service's class, which is what Pipecat writes into spans.

    >>> ProviderNames().find("aws.bedrock")
    'aws.bedrock'
    """

    def __init__(self) -> None:
        self._vendors: dict[str, str] = {}

    def find(self, written: str) -> str:
        """The vendor in whose package of Pipecat's the class is, or the one that it is made of.

        What is no class's name is a provider's already, such as ``aws.bedrock``, and comes back as it is.
        """
        if written not in self._vendors:
            self._vendors = dict(_vendors())
        return self._vendors.get(written, written)


def _vendors() -> Iterator[tuple[str, str]]:
    """The vendor of each class that is loaded, by what Pipecat makes of the class's name."""
    for kind in _KINDS:
        suffix = kind.__name__
        for cls in _below(kind):
            vendor = next((name for name in map(_vendor, cls.__mro__) if name), "")
            if vendor:
                known = _MODELS.get(vendor, vendor) if kind is LLMService else vendor
                yield cls.__name__.replace(suffix, "").lower(), known


def _vendor(cls: type) -> str:
    parts = cls.__module__.split(".")
    return parts[2] if len(parts) > 3 and tuple(parts[:2]) == _VENDORS else ""


def _below(cls: type) -> Iterator[type]:
    subclasses: list[type] = cls.__subclasses__()
    for one in subclasses:
        yield one
        yield from _below(one)
