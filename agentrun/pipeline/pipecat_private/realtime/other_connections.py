"""Watches the connections of realtime services that are not modelled on OpenAI's.

A pipeline starts from one service to the next, and nothing is heard until each has: Nova Sonic's and
Ultravox's are given up where they hang, while Gemini's is made beside the pipeline. Why a connection has
ended Pipecat 1.14 only writes to its log.
"""

from __future__ import annotations

import asyncio
from typing import Any

from agentrun.pipeline.pipecat_private.realtime.events import CONNECT_SECONDS
from agentrun.pipeline.pipecat_private.realtime.gemini_sessions import keep_gemini_session
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method

_CONNECTING = ("_start_connecting", "start")
"""What connects Nova Sonic's service, and Ultravox's."""
_LISTENING = ("_connection_task_handler", "_receive_messages")
"""What listens to Gemini's model, and Ultravox's, until its connection ends."""


def watch_connection(llm: Any) -> None:
    """Have a realtime service give up a connection that hangs, and tell why one ended; leave others alone."""
    keep_gemini_session(llm)
    for name in _CONNECTING:
        if is_replaceable(llm, name):
            _bound(llm, name)
    for name in _LISTENING:
        if is_replaceable(llm, name):
            _tell_end(llm, name)


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


def _tell_end(llm: Any, name: str) -> None:
    async def listen(*arguments: Any, **named: Any) -> None:
        try:
            await hear(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever it was, the model is not there any more
            await llm.push_error(f"the connection failed: {error}", exception=error)

    hear = replace_method(llm, name, listen)
