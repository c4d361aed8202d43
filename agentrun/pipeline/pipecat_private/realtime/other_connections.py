"""The connections of realtime models whose services are not written like OpenAI's.

A pipeline starts from one service to the next, and nothing is heard until each has: Nova Sonic's and
Ultravox's are given up where they hang, while Gemini's is made beside the pipeline. Why a connection has
ended Pipecat 1.14 only writes to its log.
"""

from __future__ import annotations

import asyncio
from typing import Any

from agentrun.pipeline.pipecat_private.realtime.events import CONNECT_SECONDS
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method

_CONNECTING = ("_start_connecting", "start")
"""What connects Nova Sonic's service, and Ultravox's."""
_LISTENING = ("_connection_task_handler", "_receive_messages")
"""What listens to Gemini's model, and Ultravox's, until its connection ends."""
_LOST = "agentrun.lost"


def watch_connection(llm: Any) -> None:
    """Have a realtime service give up a connection that hangs, and tell why one ended; leave others alone."""
    for name in _CONNECTING:
        if is_replaceable(llm, name):
            _bound(llm, name)
    for name in _LISTENING:
        if is_replaceable(llm, name):
            _tell_end(llm, name)
    if is_replaceable(llm, "_handle_connection_error"):
        _note_loss(llm)


def realtime_why_restored(llm: Any) -> str:
    """Why a service has made its connection anew by itself, told once that the new one is ready; else empty.

    Only Gemini's says so.
    """
    why = str(getattr(llm, _LOST, ""))
    if not why or not llm._ready_for_realtime_input:
        return ""
    setattr(llm, _LOST, "")
    return why


def _bound(llm: Any, name: str) -> None:
    async def connect(*arguments: Any) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await begin(*arguments)
        except TimeoutError:
            why = f"no connection within {CONNECT_SECONDS:g} s"
            await llm.push_error(why, force_treat_as_permanent=True)
            await llm._disconnect()

    begin = replace_method(llm, name, connect)


def _note_loss(llm: Any) -> None:
    async def failed(error: Exception) -> bool:
        setattr(llm, _LOST, str(error) or type(error).__name__)
        return bool(await judge(error))

    judge = replace_method(llm, "_handle_connection_error", failed)


def _tell_end(llm: Any, name: str) -> None:
    async def listen(*arguments: Any, **named: Any) -> None:
        try:
            await hear(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever it was, the model is not there any more
            await llm.push_error(f"the connection failed: {error}", exception=error)

    hear = replace_method(llm, name, listen)
