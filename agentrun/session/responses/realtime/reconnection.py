"""Detects that a realtime model has stopped responding, and reconnects it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from loguru import logger

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.answer_state import AnswerState, Loss
from agentrun.session.responses.error_words import LOOK
from agentrun.session.responses.realtime.own_connections import POLL_SECONDS, Quiet, RealtimeEnd
from agentrun.session.responses.realtime.second_opinion import SecondOpinion
from agentrun.session.responses.realtime.unasked_answer import UnaskedAnswer
from agentrun.session.responses.remedies import RESUME, Remedies

CONNECT_SECONDS = 1.5
"""How long a new session may take until it is configured."""
HANDSHAKE_SECONDS = 2.5
"""How long a new call's session may take until it is configured."""
RENEW_SECONDS = 55 * 60.0
"""OpenAI closes a realtime session after 60 minutes, and xAI as https://fal.ai/models/xai/grok-voice/realtime/api
has it; any model's is renewed before that, in a pause."""
URGENT_SECONDS, LAST_SECONDS = 58 * 60.0, 59.5 * 60.0
"""On a line that is never quiet: from the first on between the caller's words, from the second on in them."""
MOST_ATTEMPTS = 2
MOST_LOSSES = 3
"""How often in a row it is brought back, if it is lost again within ``STABLE_SECONDS``."""
STABLE_SECONDS = 10.0
_UNHEARD = "it did not hear the caller"


class Lost(Protocol):
    """Told why the model went silent, and whether words of the caller's were ``unheard``: what is lost."""

    def __call__(self, reason: str, /, *, unheard: bool) -> Loss: ...


class RealtimeReconnection:
    """Watches one call's realtime service until it is cancelled.

    ``lost`` is told each time that the model went silent, whether its connection ended, its session was not
    set up, or it reacts to nothing that the caller says (``is_unheard``), and says what the model has to make
    up for once it is back; ``back`` is told of each new connection, and whether it was asked to speak.
    ``give_up`` is told once: when it can't be brought back, or is lost again each time, or stays deaf.
    ``unasked`` sees to answers that the server has not begun; ``mend`` is given what the server refused of
    its session, and says what is now asked for otherwise, or nothing. A call that ``is_over`` closes its
    connection itself. ``name`` is what the model is called.
    """

    def __init__(
        self,
        llm: Any,
        add_instruction: Callable[[str], None],
        quiet: Quiet,
        give_up: Callable[[str], Awaitable[None]],
        lost: Lost,
        back: Callable[[bool], None],
        is_over: Callable[[], bool],
        is_unheard: Callable[[], bool],
        unasked: Callable[[], Awaitable[None]],
        mend: Callable[[str], str],
        name: str,
    ) -> None:
        self._llm, self._name = llm, name
        self._add_instruction = add_instruction
        self._quiet = quiet
        self._give_up = give_up
        self._lost = lost
        self._back = back
        self._is_over = is_over
        self._is_unheard, self._losses = is_unheard, 0
        self._unasked, self._mend = unasked, mend
        self._unheard = 0
        self._unheard_at = 0.0
        self._clock = asyncio.get_running_loop().time

    async def watch(self) -> None:
        """Poll the service: five times a second costs nothing that can be measured."""
        connected_at = self._clock()
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._is_over():
                return
            connected = self._clock() - connected_at
            if pipecat_private.realtime_is_being_connected(self._llm):
                # a handoff gives it another voice
                connected_at = self._clock()
            elif why := self._silent(connected):
                before = 0 if connected > STABLE_SECONDS else self._losses
                self._losses = before + pipecat_private.realtime_is_deaf(self._llm)
                vain = self._unheard > MOST_ATTEMPTS or self._losses > MOST_LOSSES
                if vain or not await self._bring_back(why):
                    await self._give_up(f"{self._name} could not be reached again ({why}); {LOOK}")
                    return
                connected_at = self._clock()
            elif self._mend(pipecat_private.realtime_refusal(self._llm)):
                await pipecat_private.realtime_configure(self._llm)
            elif not self._may_renew(connected):
                await self._unasked()
            else:
                logger.info("renewing the realtime session before its limit")
                await pipecat_private.realtime_restore(self._llm, speak=False)
                connected_at = self._clock()

    def _silent(self, connected: float) -> str:
        """Why the model can't answer, ``connected`` seconds after its connection; empty when it can."""
        events = pipecat_private.session_events(self._llm)
        if pipecat_private.realtime_is_deaf(self._llm):
            return (events.closed if events else "") or "its connection ended"
        if not pipecat_private.realtime_is_ready(self._llm) and connected > HANDSHAKE_SECONDS:
            return f"its session was not set up within {HANDSHAKE_SECONDS:g} s"
        if not self._is_unheard():
            return ""
        if events and events.heard_caller_at > self._unheard_at:
            self._unheard = 0
        self._unheard += 1
        self._unheard_at = self._clock()
        return _UNHEARD

    async def _bring_back(self, why: str) -> bool:
        loss = self._lost(f"realtime_lost: {self._name} went silent: {why}", unheard=why == _UNHEARD)
        await pipecat_private.end_half_answer(self._llm)
        if loss is Loss.WORDS:
            self._add_instruction(RESUME)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            if self._is_over():
                return True
            logger.warning("{} went silent: {}; connecting anew, attempt {}", self._name, why, attempt)
            speak = loss is not Loss.NOTHING
            asked = await pipecat_private.realtime_restore(self._llm, speak=speak)
            self._back(asked)
            if await self._is_back():
                return True
        return False

    def _may_renew(self, connected: float) -> bool:
        """Whether nothing is lost with the session: no answer, and no half turn of the caller's.

        That and their noise count less the nearer the session's end is, which would be told to the caller.
        """
        if connected <= RENEW_SECONDS:
            return False
        events = pipecat_private.session_events(self._llm)
        half_heard = events is not None and events.caller_speaks and connected <= LAST_SECONDS
        quiet = self._quiet(urgent=connected > URGENT_SECONDS)
        return quiet and not half_heard and not pipecat_private.realtime_is_answering(self._llm)

    async def _is_back(self) -> bool:
        deadline = self._clock() + CONNECT_SECONDS
        while self._clock() < deadline:
            if pipecat_private.realtime_is_deaf(self._llm):
                return False
            if pipecat_private.realtime_is_ready(self._llm):
                return True
            await asyncio.sleep(POLL_SECONDS / 4)
        return False


def watching(
    remedies: Remedies, nobody_speaks: Callable[[], bool], opinion: SecondOpinion
) -> RealtimeReconnection | RealtimeEnd | None:
    """What watches a call's realtime service; None for a cascade."""
    parts, deadline = remedies.parts, remedies.response_deadline
    part = parts.progress.find(parts.llm)
    name = part.label if part else "the realtime model"

    def quiet(*, urgent: bool) -> bool:
        if urgent:
            return not deadline.tools and deadline.state is not AnswerState.AWAITED
        return nobody_speaks() and deadline.nobody_waits()

    if not pipecat_private.speaks_like_openai(parts.llm):
        told_end = (remedies.lost, remedies.is_over, remedies.came_back)
        return RealtimeEnd(parts.llm, name, *told_end, quiet) if parts.is_realtime else None
    return RealtimeReconnection(
        parts.llm,
        add_instruction=parts.instruct,
        quiet=quiet,
        give_up=remedies.unreachable,
        lost=remedies.reconnecting,
        back=remedies.restored,
        is_over=remedies.is_over,
        is_unheard=opinion.is_unheard,
        unasked=UnaskedAnswer(parts, deadline, remedies.voice, remedies.noted, opinion.is_too_quiet).look,
        mend=partial(remedies.mend, of_session=True),
        name=name,
    )
