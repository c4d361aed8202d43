"""Requests an answer that a realtime server should have begun by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.responses import error_words
from agentrun.session.responses.answer_state import EARLY_SECONDS, AnswerState
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements

ASK_SECONDS = 3.0
"""How long a server may take to begin a response. One that thinks tells of its beginning all the same."""
SPEAK_UP = (
    "The caller has said something, too quietly to be understood. Say so in a few words, in the language "
    "that you speak with them, and ask them to speak up."
)
SPOKEN_SECONDS = 5.0
"""How long the caller may be silent in a turn of theirs that has cut an answer off and has no end."""


class UnaskedAnswer:
    """Follows what is owed on a service that speaks like OpenAI's.

    The server answers by itself what the caller says, and the results of tools when it is asked to. It may
    take a noise for a turn that cuts an answer off, never find the end of a turn, or refuse to begin while
    it is at something else.
    ``noted`` is told of each answer that was asked for. A caller who ``is_too_quiet`` to be heard has asked
    for one too: they are asked to speak up.
    """

    def __init__(
        self,
        parts: PipelineParts,
        deadline: ResponseDeadline,
        voice: Announcements,
        noted: Callable[[str], None],
        is_too_quiet: Callable[[], bool] = bool,
    ) -> None:
        self._parts, self._deadline, self._voice, self._noted = parts, deadline, voice, noted
        self._is_too_quiet = is_too_quiet
        self._asked_at = 0.0

    async def look(self) -> None:
        """Ask for an answer that is due and that the server is not at; to be called again and again."""
        answer, now = self._deadline.answer, asyncio.get_running_loop().time()
        if self._deadline.turn.is_endless(now, ASK_SECONDS, SPOKEN_SECONDS):
            # its end is told here as the server would: the rest of the answer is owed, and asked for
            await pipecat_private.realtime_end_half_turn(self._parts.llm)
            return
        if self._is_too_quiet():
            self._noted("quiet_caller: the model did not hear the caller, who was asked to speak up")
            self._deadline.owed()
            await self._voice.ask(SPEAK_UP)
            return
        events = pipecat_private.session_events(self._parts.llm)
        since = max(answer.silence.asked, self._asked_at)
        if answer.state is not AnswerState.AWAITED or answer.tools.of_turn or events is None:
            return
        began = events.responded_at >= max(answer.silence.asked - EARLY_SECONDS, events.caller_began_at)
        is_made = began and events.responded_at > events.response_ended_at
        if is_made or answer.has_begun or self._voice.sounding or now - since < ASK_SECONDS:
            return
        self._asked_at = now
        reason = f"no response began within {ASK_SECONDS:g} s, and it was asked for one"
        self._noted(error_words.awaited(AnswerState.FAILED, reason, self._parts))
        await pipecat_private.realtime_ask(self._parts.llm)
