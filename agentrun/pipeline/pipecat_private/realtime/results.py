"""The results of tools over several connections to a realtime model."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from pipecat.processors.aggregators import async_tool_messages

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method


def tell_results(llm: Any) -> None:
    """Give a session the result of a tool that an earlier one has called in words.

    Pipecat 1.14 does so when the tool ends. One that comes into the conversation later, behind words that
    are still being heard, it sends as that of a call of this session's, which knows of none.
    """
    if not (is_replaceable(llm, "_send_tool_result") and hasattr(llm, "_open_function_calls")):
        return

    async def send(tool_call_id: str, result: str | None) -> None:
        if tool_call_id in llm._open_function_calls:
            await give(tool_call_id, result)
            return
        message = async_tool_messages.build_final_result_message(tool_call_id, result or "COMPLETED")
        await llm._send_message_item(str(message.get("content", "")))

    give = replace_method(llm, "_send_tool_result", send)


def given_results(llm: Any) -> Set[str]:
    """The tool calls whose results the model was given."""
    return frozenset(llm._completed_tool_calls)


def are_on_their_way(llm: Any, given: Set[str]) -> bool:
    """Whether of the results that were ``given`` one is to be answered, and not in the conversation yet.

    It comes there behind what is being heard, and the model is asked to answer it then.
    """
    return getattr(llm, "_results_awaiting_response", False) and not given <= llm._completed_tool_calls
