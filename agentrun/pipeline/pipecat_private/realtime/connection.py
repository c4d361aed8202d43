"""The connection of a realtime service: its state, and how it is replaced."""

from __future__ import annotations

import asyncio
from typing import Any

from pipecat.frames.frames import ProposedUserStoppedSpeakingFrame, TTSStoppedFrame
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.realtime.differences import client_events
from agentrun.pipeline.pipecat_private.realtime.events import session_events
from agentrun.pipeline.pipecat_private.realtime.responses import is_answered, realtime_is_answering
from agentrun.pipeline.pipecat_private.realtime.results import are_on_their_way, given_results
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.pipeline.services import end_of_answer

_ATTRIBUTE = "_being_connected"
_LOOPS = ("_receive_task", "_connection_task")
"""What a service calls the task that listens to its model; the latter is Gemini's."""


def realtime_is_deaf(llm: Any) -> bool:
    """Whether the realtime service has stopped listening to its socket.

    Its receive loop ends without a word after an ``error`` event, a clean close, and a dropped
    connection; after a refused connection there is none.
    """
    task = next((getattr(llm, name) for name in _LOOPS if hasattr(llm, name)), None)
    return task is None or task.done()


def realtime_is_ready(llm: Any) -> bool:
    """Whether the realtime session is configured and takes a conversation."""
    return bool(llm._api_session_ready)


def realtime_is_being_connected(llm: Any) -> bool:
    """Whether it is being connected anew on purpose: until that is done it has no connection."""
    return _being_connected(llm).locked()


def keep_conversation(llm: object) -> None:
    """Give each new session of a realtime service the conversation so far, before anything else.

    Pipecat does so when it asks for an answer. Where the server finds the caller's turns it answers by
    itself, and would answer knowing nothing.
    """
    if not is_replaceable(llm, "_handle_evt_session_updated"):
        return

    async def updated(evt: Any) -> None:
        await _send_conversation(llm)
        await handle(evt)

    handle = replace_method(llm, "_handle_evt_session_updated", updated)


async def realtime_restore(llm: Any, *, speak: bool) -> bool:
    """Connect anew with the conversation so far; with ``speak`` the model goes on at once.

    Returns whether it was asked to; before the conversation has begun there is nothing to go on with, and
    behind a tool's result that is on its way there it is asked then. What the caller was saying is over with
    the session that heard it. Waits while somebody else connects it.
    """
    async with _being_connected(llm):
        await realtime_end_half_turn(llm)
        if llm._context is None:
            await llm._disconnect()
            await llm._connect()
            return False
        given = given_results(llm)
        # what ``reset_conversation`` does, which has Voice Live answer as well
        await llm._disconnect()
        llm._llm_needs_conversation_setup = True
        await llm._process_completed_function_calls(send_new_results=False)
        await llm._connect()
        speak = speak and not are_on_their_way(llm, given)
        if speak:
            await llm._create_response()
        return speak


def realtime_refusal(llm: Any) -> str:
    """The server's words about a request that it has refused, each once."""
    events = session_events(llm)
    words = events.refusal if events else ""
    if events:
        events.refusal = ""
    return words


async def realtime_configure(llm: Any) -> None:
    """Tell the session its instructions and tools once more, as the conversation has them now."""
    await llm._send_session_update()


async def realtime_renew_as(llm: OpenAIRealtimeLLMService, settings: Any) -> None:
    """Connect anew with other ``settings``, such as a voice, and the conversation so far."""
    await LLMService._update_settings(llm, settings)
    await realtime_restore(llm, speak=False)


async def end_half_answer(llm: Any) -> None:
    """Close an answer that the connection broke off: what was heard of it stays in the conversation."""
    if llm._current_assistant_response is None and not realtime_is_answering(llm):
        return
    if llm._current_audio_response is not None:
        await llm.push_frame(TTSStoppedFrame())
    await llm.push_frame(end_of_answer.broken_off())
    llm._current_assistant_response = None
    is_answered(llm)


async def realtime_end_half_turn(llm: Any) -> None:
    """Close a turn of the caller whose end the server that heard its beginning will not tell."""
    heard = session_events(llm)
    if heard and heard.caller_speaks:
        heard.caller_speaks = False
        await llm.broadcast_frame(ProposedUserStoppedSpeakingFrame)


async def _send_conversation(llm: Any) -> None:
    if llm._context is None or not llm._llm_needs_conversation_setup:
        return
    llm._llm_needs_conversation_setup = False
    parameters = await llm.get_llm_adapter().get_llm_invocation_params(llm._context)
    for item in parameters["messages"]:
        event = client_events(llm).ConversationItemCreateEvent(item=item)
        if hasattr(llm, "_messages_added_manually"):
            llm._messages_added_manually[event.item.id] = True
        await llm.send_client_event(event)
    await llm._send_session_update()


def _being_connected(llm: Any) -> asyncio.Lock:
    lock: asyncio.Lock | None = getattr(llm, _ATTRIBUTE, None)
    if lock is None:
        lock = asyncio.Lock()
        setattr(llm, _ATTRIBUTE, lock)
    return lock
