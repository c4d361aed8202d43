"""Limits how much of a long conversation the model is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregatorParams
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)

from agentrun.pipeline.services.alternating_roles import INSTRUCTS
from agentrun.spec.models.agent import AgentSpec


def assistant_params(spec: AgentSpec) -> LLMAssistantAggregatorParams:
    """Aggregator settings: keep the whole conversation, or have the model summarize the old part."""
    context = spec.context
    if context.strategy != "summarise":
        return LLMAssistantAggregatorParams()
    return LLMAssistantAggregatorParams(
        enable_auto_context_summarization=True,
        auto_context_summarization_config=LLMAutoContextSummarizationConfig(
            max_context_tokens=context.max_tokens,
            max_unsummarized_messages=context.max_messages,
            summary_config=LLMContextSummaryConfig(min_messages_after_summary=context.keep_messages),
        ),
    )


_MOST_INSTRUCTIONS = 4
_UNREADABLE = "This result can't be passed on."


def drop_refused(context: LLMContext) -> None:
    """Remove what the provider has refused to read; otherwise the next turn would be refused with it.

    That is what was added since the model spoke last; a tool's result keeps its place without its words.
    """
    messages = list(context.get_messages())
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if not isinstance(message, dict) or message["role"] == "assistant":
            break
        if message["role"] == "tool":
            messages[place] = {**message, "content": _UNREADABLE}
        elif message["role"] == "user":
            del messages[place]
    context.set_messages(messages)


def trim(context: LLMContext, spec: AgentSpec) -> None:
    """Drop the oldest messages beyond ``context.max_messages`` if the strategy is ``trim``.

    What is left begins with words of the caller, so that no tool's result is there without its call. In a
    flow the newest instructions stand before them: the task of its node is among those.
    """
    messages = context.get_messages()
    surplus = len(messages) - spec.context.max_messages
    if spec.context.strategy != "trim" or surplus <= 0:
        return
    start = _begins(messages, surplus)
    if start is not None:
        context.set_messages(_from(messages, start, kept=_MOST_INSTRUCTIONS if spec.flow else 0))


def shorten(context: LLMContext) -> bool:
    """Drop the older half, by characters, of a conversation that the provider rejected as too long.

    False where there is no older half: the newest words, or a tool's result, are too long by themselves.
    """
    messages = context.get_messages()
    sizes = [len(str(message)) for message in messages]
    half, older = 0, 0
    while half < len(sizes) and 2 * older < sum(sizes):
        older += sizes[half]
        half += 1
    start = _begins(messages, half)
    if start is None:
        return False
    context.set_messages(_from(messages, start, kept=_MOST_INSTRUCTIONS))
    return True


def _begins(messages: Sequence[object], surplus: int) -> int | None:
    """Where the caller's words begin behind the first ``surplus`` messages."""
    places = range(surplus, len(messages))
    users = (i for i in places if isinstance(m := messages[i], dict) and m["role"] == "user")
    return next(users, None)


def _from(messages: Sequence[Any], start: int, *, kept: int) -> list[Any]:
    """The messages from ``start`` on, and the newest ``kept`` instructions before it."""
    dropped = [m for m in messages[:start] if isinstance(m, dict) and m["role"] in INSTRUCTS]
    return [*dropped[len(dropped) - min(kept, len(dropped)) :], *messages[start:]]
