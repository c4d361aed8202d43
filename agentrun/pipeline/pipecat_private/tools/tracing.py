"""Where a service is in the call's trace, and the span around each tool call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pipecat.services.llm_service import FunctionCallRunnerItem, LLMService

from agentrun.pipeline.pipecat_private.replacements import replace_method

if TYPE_CHECKING:
    from opentelemetry.context import Context

Around = Callable[[FunctionCallRunnerItem, "Context | None"], AbstractContextManager[None]]


def surround_tool_calls(llm: LLMService, around: Around) -> None:
    """Run each tool call of ``llm`` within ``around`` it.

    ``around`` is given the call, and the OpenTelemetry context of the caller's turn or else of the whole
    call; None where the worker makes no spans.
    """

    async def run_function_call(runner_item: FunctionCallRunnerItem) -> None:
        with around(runner_item, _context(llm)):
            await run(runner_item)

    run = replace_method(llm, "_run_function_call", run_function_call)


def _context(llm: LLMService) -> Context | None:
    tracing = llm._tracing_context
    return tracing and (tracing.get_turn_context() or tracing.get_conversation_context())
