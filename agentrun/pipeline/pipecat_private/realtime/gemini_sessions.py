"""Keeps Gemini Live sessions going over several connections.

A connection lasts some 10 minutes, and is announced to end a minute before
(https://ai.google.dev/gemini-api/docs/live-session). Pipecat 1.14 goes on when it has ended: in the middle of
a sentence, with whatever state the server was able to tell of last, with each tool's result once more, and
never again where the server refuses that state.
"""

from __future__ import annotations

import asyncio
import math
import re
from typing import Any, cast

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method

MOST_FAILURES = 2
"""How often in a row a connection may fail before it is one, with a state to go on from or without."""
_USUAL_SECONDS = 50.0
"""From the announcement on, where the server does not say for how long it is there."""
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
_ATTRIBUTE = "_gemini_session"


class GeminiSession:
    """Follows the session of one service: until when its connection is there, and what it can go on from."""

    def __init__(self, llm: Any) -> None:
        self._llm = llm
        self.ends_at = math.inf
        """When the server will have ended the connection, on the loop's clock."""
        self.is_resumable = False
        """Whether the last state that the server told of has all that was said and called until now."""
        self.lost = ""
        """Why the last connection ended unannounced, until that was told."""
        self._failures = 0
        self._is_there = False
        self._take = replace_method(llm, "_handle_server_message", self.take)
        self._connection = replace_method(llm, "_connection_task_handler", self.connection)
        self._judge = replace_method(llm, "_handle_connection_error", self.failed)
        self._ready = replace_method(llm, "_handle_session_ready", self.ready)
        self._disconnect = replace_method(llm, "_disconnect", self.disconnect)
        self._give_results = replace_method(llm, "_process_completed_function_calls", self.give_results)
        self._give_result = replace_method(llm, "_handle_function_call_result", self.give_result)

    async def take(self, message: Any) -> None:
        """Take a message of the server."""
        content, update = message.server_content, message.session_resumption_update
        if message.tool_call or (content and (content.model_turn or content.input_transcription)):
            self.is_resumable = False
        await self._take(message)
        if update:
            self.is_resumable = bool(update.resumable and update.new_handle)
        if message.go_away:
            self.ends_at = asyncio.get_running_loop().time() + _seconds(message.go_away.time_left)

    async def connection(self, config: Any) -> None:
        """Have a connection, and another one where it could not be made: without a state that is refused."""
        self._is_there = False
        try:
            await self._connection(config)
        except Exception:  # whatever Google's client raises where no connection comes about
            self._failures += 1
            if self._is_there or self._failures >= MOST_FAILURES or self._llm._disconnecting:
                raise
            self._forget()
            await self._llm._connect()

    async def failed(self, error: Exception) -> bool:
        """The connection has ended: whether there is to be another one, without what two have failed with."""
        self.lost = str(error) or type(error).__name__
        if self._llm._consecutive_failures:
            self._forget()
        return bool(await self._judge(error))

    async def ready(self, session: Any) -> None:
        """A connection is made: what the server does not know is told."""
        self._is_there, self._failures, self.ends_at = True, 0, math.inf
        goes_on = self._llm._session_resumption_handle is not None
        await self._ready(session)
        if self._llm._context is not None:
            await self.give_results(send_new_results=goes_on)

    async def disconnect(self) -> None:
        """Close the connection, and keep which tools' results have been given."""
        llm = self._llm
        if not self.is_resumable:
            self._forget()
        given, names = llm._completed_tool_calls, llm._tool_call_id_to_name
        await self._disconnect()
        llm._completed_tool_calls, llm._tool_call_id_to_name = given, names

    async def give_results(self, send_new_results: bool) -> None:
        """Give the results of tools that the server waits for, once there is a connection."""
        if has_connection(self._llm):
            await self._give_results(send_new_results)

    async def give_result(self, frame: Any) -> None:
        """Give the result of a tool that has ended; without a connection it is given with the next one."""
        if has_connection(self._llm):
            await self._give_result(frame)

    def _forget(self) -> None:
        """The next connection begins with the conversation in words."""
        self._llm._session_resumption_handle = None
        self.is_resumable = False


def has_connection(llm: Any) -> bool:
    """Whether a Gemini service has a connection that it is not closing."""
    return llm._session is not None and not llm._disconnecting


def keep_gemini_session(llm: object) -> None:
    """Follow the session of a Gemini service; leave others alone."""
    if is_replaceable(llm, "_handle_server_message"):
        setattr(llm, _ATTRIBUTE, GeminiSession(llm))


def realtime_why_restored(llm: Any) -> str:
    """Why a service has made its connection anew by itself, told once that the new one is ready; else empty.

    Only Gemini's says so.
    """
    session = _session_of(llm)
    if session is None or not session.lost or not llm._ready_for_realtime_input:
        return ""
    why, session.lost = session.lost, ""
    return why


def realtime_ends_at(llm: Any) -> float:
    """When the server will end the connection, on the loop's clock, as it says; else infinite."""
    session = _session_of(llm)
    return session.ends_at if session and llm._ready_for_realtime_input else math.inf


def realtime_is_resumable(llm: Any) -> bool:
    """Whether another connection of a Gemini service would know all that was said, and no answer is made."""
    session = _session_of(llm)
    return session is not None and session.is_resumable and not llm._bot_is_responding


async def realtime_go_on(llm: Any) -> None:
    """Go on over another connection of a Gemini service."""
    await llm._reconnect()


def _session_of(llm: object) -> GeminiSession | None:
    return cast("GeminiSession | None", getattr(llm, _ATTRIBUTE, None))


def _seconds(text: str | None) -> float:
    """A duration as Google's JSON has it.

    >>> _seconds("49.5s"), _seconds(None)
    (49.5, 50.0)
    """
    told = _SECONDS.fullmatch(text or "")
    return float(told[1]) if told else _USUAL_SECONDS
