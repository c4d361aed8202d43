"""The responses of OpenAI's realtime service, and the events sent to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import LLMFullResponseEndFrame, LLMMessagesAppendFrame
from pipecat.processors.aggregators.llm_context import standard_message_text
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline.pipecat_private.realtime.differences import (
    client_events,
    finds_written,
    has_earlier_names,
    takes_messages,
)
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.pipeline.services import end_of_answer

_TICK_SECONDS = 0.01
_ANSWERING = (
    ("_response_active", "_response_create_owed"),
    ("_response_in_flight", "_run_llm_when_response_done"),
)
"""Whether a response is made, and whether one is to be asked for after it; the second pair: Voice Live's."""


def note_ends(llm: Any) -> None:
    """Mark the end of each answer with the status of its response, and what the server says about it.

    Pipecat passes on the message of a response that failed, without its code, and nothing of one that is
    incomplete, cancelled or empty. Of one without a word Voice Live's and Gemini's services do not even tell
    the end. Services that tell no such thing are left as they are.
    """

    async def done(evt: Any) -> None:
        end_of_answer.note(llm, described(evt.response))
        is_untold = has_earlier_names(llm) and llm._current_assistant_response is None
        await handle(evt)
        if is_untold:
            await llm.push_frame(LLMFullResponseEndFrame())
        end_of_answer.note(llm, "")

    async def complete(message: Any) -> None:
        is_untold = not llm._bot_is_responding
        await handle(message)
        if is_untold:
            await llm.push_frame(LLMFullResponseEndFrame())

    for name, replacement in (("_handle_evt_response_done", done), ("_handle_msg_turn_complete", complete)):
        if is_replaceable(llm, name):
            handle = replace_method(llm, name, replacement)


def described(response: Any) -> str:
    """How a response, a model or a dict, ended, as ``failed (rate_limit_exceeded): Rate limit reached``.

    >>> described(events.Response(status="incomplete", status_details={"reason": "content_filter"}))
    'incomplete (content_filter)'
    """
    told = response if isinstance(response, dict) else vars(response)
    status, details = told.get("status"), told.get("status_details")
    details = details if isinstance(details, dict) else {}
    error = details.get("error")
    error = error if isinstance(error, dict) else {}
    code = error.get("code") or error.get("type") or details.get("reason")
    message = error.get("message")
    return f"{status}{f' ({code})' if code else ''}{f': {message}' if message else ''}"


@dataclass
class CallerWordsFrame(LLMMessagesAppendFrame):
    """Messages that stand for what the caller said, and which a realtime model is to take so."""


def take_messages(llm: Any) -> None:
    """Put messages into the conversation of a realtime model, a ``CallerWordsFrame`` as the caller's.

    Pipecat gives a realtime model every message that is not its own as one of the system's, which it obeys
    rather than answers, and some models none. Before the conversation is set up nothing is sent: the setup
    brings the message. Services that are not written like OpenAI's are left as they are.
    """
    if not is_replaceable(llm, "_handle_messages_append"):
        return

    async def append(frame: LLMMessagesAppendFrame) -> None:
        of_caller = isinstance(frame, CallerWordsFrame)
        if takes_messages(llm) and not of_caller:
            await handle(frame)
        elif llm._api_session_ready and not llm._llm_needs_conversation_setup:
            for message in frame.messages:
                await _send_message(llm, message, of_caller=of_caller)
            llm._results_awaiting_response = True
            if has_earlier_names(llm) and frame.run_llm:
                # it answers what the caller wrote, and nothing else that comes to the conversation
                await llm._create_response()

    handle = replace_method(llm, "_handle_messages_append", append)


async def _send_message(llm: Any, message: Any, *, of_caller: bool) -> None:
    text, own = standard_message_text(message), client_events(llm)
    role = message.get("role") if isinstance(message, dict) else None
    role = "user" if of_caller else "assistant" if role == "assistant" else "system"
    if text:
        content = [own.ItemContent(type="input_text", text=text)]
        item = own.ConversationItem(type="message", role=role, content=content)
        await llm.send_client_event(own.ConversationItemCreateEvent(item=item))


async def realtime_give_up_answer(llm: Any) -> None:
    """Cancel an answer that has not ended: the server takes one at a time."""
    if realtime_is_answering(llm):
        await llm.send_client_event(events.ResponseCancelEvent())
        is_answered(llm)


async def realtime_answer_again(llm: Any) -> None:
    """Ask for the answer that is owed once more; one that has not ended is given up."""
    await realtime_give_up_answer(llm)
    await realtime_ask(llm)


async def realtime_ask(llm: Any) -> None:
    """Ask for an answer, which a server that is at one refuses."""
    is_answered(llm)
    if llm._context is not None:
        await llm._create_response()
    else:
        await llm.send_client_event(events.ResponseCreateEvent())


async def realtime_answer_written(llm: Any, words: str) -> None:
    """Have the model answer ``words`` that the caller wrote, which stand in the context already.

    Pipecat keeps them there: most sessions that are set up never hear of them. An answer that has not ended
    is given up.
    """
    if finds_written(llm):
        return
    if hasattr(llm, "_send_user_text"):
        await llm._send_user_text(words)
    elif llm._context is None:
        return
    elif not hasattr(llm, "_create_response"):
        message: Any = {"role": "user", "content": words}
        await llm._handle_messages_append(LLMMessagesAppendFrame([message], run_llm=True))
    else:
        await realtime_give_up_answer(llm)
        if llm._api_session_ready and not llm._llm_needs_conversation_setup:
            await llm._send_message_item(words, role="user")
        await llm._create_response()


def realtime_is_answering(llm: Any) -> bool:
    """Whether the realtime model is at an answer: a second one can't be asked for meanwhile."""
    return any(getattr(llm, active, False) for active, _ in _ANSWERING)


def is_answered(llm: Any) -> None:
    """Take the answer that the model was at for ended, and no other for owed behind it."""
    for active, owed in _ANSWERING:
        if hasattr(llm, active):
            setattr(llm, active, False)
            setattr(llm, owed, False)


def realtime_has_context(llm: OpenAIRealtimeLLMService) -> bool:
    """Whether the realtime service has been given a conversation."""
    return llm._context is not None


def realtime_modalities(llm: OpenAIRealtimeLLMService) -> Any:
    """In what the realtime model answers: sound or text."""
    settings: Any = llm._settings
    return settings.session_properties.output_modalities


def realtime_voice(llm: OpenAIRealtimeLLMService) -> str | None:
    """The voice of the realtime session."""
    settings: Any = llm._settings
    audio = settings.session_properties.audio
    return audio.output.voice if audio and audio.output else None


async def wait_until_answering(llm: Any, answering: bool, seconds: float) -> None:
    """Wait until the realtime model is ``answering``, or is not, for at most ``seconds``."""
    clock = asyncio.get_running_loop().time
    latest = clock() + seconds
    while realtime_is_answering(llm) is not answering and clock() < latest:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(_TICK_SECONDS)
