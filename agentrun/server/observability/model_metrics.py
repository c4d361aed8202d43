"""Requests to language models, counted as OpenTelemetry's GenAI conventions say.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram

from agentrun.pipeline.services.model_requests import Model, TokenType
from agentrun.server.observability import provider_names

OPERATION = "chat"
_MODEL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))
"""The bounds that the conventions name: whoever has figures of other programs can add these to them."""


@dataclass(frozen=True)
class Convention:
    """What the conventions call a metric, and its unit."""

    name: str
    unit: str


CONVENTIONS = {
    "gen_ai_client_operation_duration_seconds": Convention("gen_ai.client.operation.duration", "s"),
    "gen_ai_client_token_usage": Convention("gen_ai.client.token.usage", "{token}"),
}
"""By the name that Prometheus has for it, which takes no dots and says the unit."""
ATTRIBUTES = {
    "gen_ai_operation_name": "gen_ai.operation.name",
    "gen_ai_provider_name": "gen_ai.provider.name",
    "gen_ai_request_model": "gen_ai.request.model",
    "gen_ai_token_type": "gen_ai.token.type",
    "error_type": "error.type",
}


class ModelMetrics:
    """The histograms of one registry; no label is of a provider's or a model's making."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name, words = "gen_ai_client_operation_duration_seconds", "How long requests to language models took."
        labels = (*_MODEL, "error_type")
        self.duration = Histogram(name, words, labels, buckets=_SECONDS, registry=registry)
        name, words = "gen_ai_client_token_usage", "Tokens of a request to a language model."
        labels = (*_MODEL, "gen_ai_token_type")
        self.tokens = Histogram(name, words, labels, buckets=_TOKENS, registry=registry)

    def took(self, model: Model, seconds: float, error: str) -> None:
        """Count a request that is over."""
        self.duration.labels(*_labels(model), error).observe(seconds)

    def used(self, model: Model, kind: TokenType, tokens: float) -> None:
        """Count what a request has used."""
        self.tokens.labels(*_labels(model), kind).observe(tokens)


def _labels(model: Model) -> tuple[str, str, str]:
    return OPERATION, provider_names.of_model(model.provider), model.name
