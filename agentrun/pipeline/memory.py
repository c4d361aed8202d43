"""What the model is given of a long conversation."""

from __future__ import annotations

from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregatorParams
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)

from agentrun.spec.models import AgentSpec


def assistant_params(spec: AgentSpec) -> LLMAssistantAggregatorParams:
    """Keep everything, or have the model summarise what is old."""
    context = spec.context
    if context.strategy == "keep":
        return LLMAssistantAggregatorParams()
    return LLMAssistantAggregatorParams(
        enable_auto_context_summarization=True,
        auto_context_summarization_config=LLMAutoContextSummarizationConfig(
            max_context_tokens=context.max_tokens,
            max_unsummarized_messages=context.max_messages,
            summary_config=LLMContextSummaryConfig(min_messages_after_summary=context.keep_messages),
        ),
    )
