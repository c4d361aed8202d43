"""Registers tools as Pipecat functions; the model gets exactly one result, whatever the tool does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.frames.frames import FunctionCallResultProperties
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams, LLMService

from agentrun.call import Call, NoLineError
from agentrun.errors import ToolError
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.tools import parallel_calls, tool_spans
from agentrun.records.storable import storable, text
from agentrun.tools.arguments import unreadable_arguments
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.tool import Tool


def schemas(tools: Sequence[Tool], call: Call, listener: SessionListener) -> list[FunctionSchema]:
    """One function schema, with its handler, for each tool."""
    return [_schema(tool, call, listener) for tool in tools]


def _schema(tool: Tool, call: Call, listener: SessionListener) -> FunctionSchema:
    # A function that Pipecat does not cancel reports its result later, as a message of its own.
    @tool_options(cancel_on_interruption=tool.on_interrupt == "cancel")
    async def handler(params: FunctionCallParams) -> None:
        await _answer(params, tool, call, listener)

    return FunctionSchema(
        name=tool.name,
        description=text(tool.description),
        properties=storable(tool.parameters.get("properties", {})),
        required=list(tool.parameters.get("required", ())),
        handler=handler,
    )


def answer_unknown_names(services: Sequence[object], call: Call, listener: SessionListener) -> None:
    """Have the language models among ``services`` told when they call a tool that is not there."""

    async def handler(params: FunctionCallParams) -> None:
        tool = unknown_tool(params.function_name, _offered(params.context))
        await _answer(params, tool, call, listener)

    for service in services:
        if isinstance(service, LLMService):
            service.register_function(None, handler)


def unknown_tool(name: str, offered: Sequence[str]) -> Tool:
    """What stands in for a tool that the model made up: it says which ones there are."""

    async def run(call: Call, arguments: Mapping[str, Any]) -> str:  # noqa: ARG001 - a tool has them
        there = f"there is {', '.join(offered)}" if offered else "there are no tools"
        raise ToolError(f"There is no tool {name}; {there}.")

    return Tool(name, "", {}, plugin="", origin="", run=run, say="")


def _offered(context: LLMContext | None) -> list[str]:
    return [tool.name for tool in getattr(context and context.tools, "standard_tools", ())]


async def _answer(params: FunctionCallParams, tool: Tool, call: Call, listener: SessionListener) -> None:
    """Run the tool and hand its outcome to the model, which goes on once all tools of the turn are done."""
    with listener.line.tools.at_work() as is_last:
        allowed = listener.line.tools.allowed(tool)
        outcome = await run(allowed, call, storable(params.arguments), listener)
        waits = await parallel_calls.all_called(params.llm)
    silent = listener.over or outcome.silent or (waits and not is_last())
    answer = FunctionCallResultProperties(run_llm=False) if silent else None
    await params.result_callback(as_data(outcome.text), properties=answer)


async def run(tool: Tool, call: Call, arguments: Mapping[str, Any], listener: SessionListener) -> Outcome:
    """Run the tool, with a word to the caller when it is slow; the session hears of its start and its end."""
    work = listener.tool_started(tool)
    began = asyncio.get_running_loop().time()
    try:
        with _bridged(tool, listener):
            outcome = await _run(tool, call, arguments, listener)
            if tool.say != "" and not outcome.silent:
                await _reassure(listener)
            await listener.tool_gave(tool, outcome)
    except asyncio.CancelledError:
        why = "the call ended" if listener.over else "the caller interrupted"
        outcome = Outcome("cancelled", f"cancelled: {why}", seconds=_since(began))
        tool_spans.note_outcome(outcome)
        listener.tool_ended(work, tool, arguments, outcome)
        raise
    tool_spans.note_outcome(outcome)
    if outcome.detail:
        # an exception's words may be the caller's: above DEBUG a line says what was raised, and where
        first = outcome.detail.partition("\n")[0]
        level = "ERROR" if outcome.status == "failed" else "WARNING"
        logger.log(level, "call {}: tool {} {}: {}", call.id, tool.name, outcome.status, first)
        logger.debug("call {}: tool {}: {}", call.id, tool.name, outcome.detail)
    # A repeated call may get a result that took longer than itself.
    listener.tool_ended(work, tool, arguments, replace(outcome, seconds=_since(began)))
    return outcome


async def _run(tool: Tool, call: Call, arguments: Mapping[str, Any], listener: SessionListener) -> Outcome:
    if problem := unreadable_arguments.explain(arguments):
        return Outcome("refused", listener.line.tools.not_read(tool, problem))
    return await listener.line.tools.run(tool, call, arguments)


def _since(began: float) -> float:
    return round(asyncio.get_running_loop().time() - began, 3)


@contextlib.contextmanager
def _bridged(tool: Tool, listener: SessionListener) -> Iterator[None]:
    """Say the tool's words while the block takes longer than they may wait."""
    if tool.say == "":
        yield
        return
    speaking = asyncio.create_task(_bridge(tool, listener))
    try:
        yield
    finally:
        # a caller who interrupts is answered at once: nothing is waited for here
        speaking.cancel()


async def _bridge(tool: Tool, listener: SessionListener) -> None:
    with contextlib.suppress(NoLineError):
        await listener.line.bridge(tool)


async def _reassure(listener: SessionListener) -> None:
    with contextlib.suppress(NoLineError):
        await listener.line.reassure()


def as_data(text: str) -> object:
    """Pipecat encodes the result as JSON once more; what is a list or a mapping already is given as data.

    A bare ``0`` or ``false`` stays text: Pipecat takes it for no result, and the model would never answer.
    """
    try:
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return text
    return data if isinstance(data, dict | list) and data else text
