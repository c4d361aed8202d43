"""Tool arguments that a service parses itself, made safe so that bad ones can't end the call.

Pipecat 1.14 has each service of speech to speech read the JSON of a call on its own. Where it can't, the call
is dropped with a line in the log (xAI, Inworld, Azure Voice Live), answered with an error (OpenAI Live), or
ends the connection (Nova Sonic), and the model waits for its result. Here the text becomes that of an object
before it is read, and whatever a service has read instead of an object becomes one before the tool runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.services.llm_service import LLMService

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.tools.arguments import unreadable_arguments


def read_all_arguments(llm: object) -> None:
    """Have a model's service run each tool with an object, or with ``unreadable_arguments``.

    Of an answer with more than ``MOST_CALLS`` calls the rest is left out, which the model is told.
    Services of providers that read their arguments in another way are left as they are.
    """
    if not isinstance(llm, LLMService):
        return

    async def run_function_calls(function_calls: Sequence[FunctionCallFromLLM]) -> None:
        most = unreadable_arguments.MOST_CALLS
        for call in function_calls[:most]:
            call.arguments = unreadable_arguments.as_object(call.arguments)
        for call in function_calls[most : most + 1]:
            call.arguments = unreadable_arguments.too_many()
        await run(function_calls[: most + 1])

    run = replace_method(llm, "run_function_calls", run_function_calls)
    for name, repair in REPAIRS.items():
        if is_replaceable(llm, name):
            _repair(llm, name, repair)


def _repair(llm: LLMService[Any], name: str, repair: Callable[[Any], None]) -> None:
    async def handle_repaired(event: Any) -> None:
        repair(event)
        await handle(event)

    handle = replace_method(llm, name, handle_repaired)


def _of_done(event: Any) -> None:
    event.arguments = _readable(event.arguments)


def _of_item(event: Any) -> None:
    item = event.event.get("item")
    if isinstance(item, dict) and item.get("type") == "function_call":
        item["arguments"] = _readable(item.get("arguments"))


def _of_tool_use(event: Any) -> None:
    use = event.get("toolUse") if isinstance(event, Mapping) else None
    if isinstance(use, dict):
        use["content"] = _readable(use.get("content"))


def _readable(arguments: object) -> str:
    return json.dumps(unreadable_arguments.as_object(arguments))


REPAIRS: Mapping[str, Callable[[Any], None]] = {
    "_handle_evt_function_call_arguments_done": _of_done,
    "_handle_response_output_item_done": _of_item,
    "_handle_tool_use_event": _of_tool_use,
}
"""Methods that read a call's arguments, and how their event is made one that they can read.

The first is of OpenAI, Azure, Azure Voice Live, xAI and Inworld; the second of OpenAI Live; the third of Nova
Sonic.
"""
