"""Our tools as Pipecat's functions: the model is answered exactly once, whatever the tool does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.services.llm_service import FunctionCallParams

from agentrun.call import Call
from agentrun.pipeline.listener import SessionListener
from agentrun.tools.invoke import invoke
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool


def schemas(tools: Sequence[Tool], call: Call, listener: SessionListener) -> list[FunctionSchema]:
    """One function schema, with its handler, for each tool."""
    return [_schema(tool, call, listener) for tool in tools]


def _schema(tool: Tool, call: Call, listener: SessionListener) -> FunctionSchema:
    @tool_options(cancel_on_interruption=True)
    async def handler(params: FunctionCallParams) -> None:
        arguments = params.arguments
        listener.tool_started(tool)
        try:
            outcome = await invoke(tool, call, arguments)
        except asyncio.CancelledError:
            listener.tool_ended(tool, arguments, Outcome("cancelled", "cancelled: the caller interrupted"))
            raise
        if outcome.detail:
            logger.warning("call {}: tool {} {}: {}", call.id, tool.name, outcome.status, outcome.detail)
        listener.tool_ended(tool, arguments, outcome)
        await params.result_callback(_as_data(outcome.text))

    return FunctionSchema(
        name=tool.name,
        description=tool.description,
        properties=dict(tool.parameters.get("properties", {})),
        required=list(tool.parameters.get("required", ())),
        handler=handler,
    )


def _as_data(text: str) -> object:
    """Pipecat encodes the result as JSON once more; what is JSON already is given as data."""
    try:
        return json.loads(text)
    except ValueError:
        return text
