"""Keeps a realtime model on the line: notices that it has gone deaf, and connects it anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from loguru import logger
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.error_words import LOOK
from agentrun.session.responses.remedies import Remedies

POLL_SECONDS = 0.2
CONNECT_SECONDS = 1.5
"""How long a new session may take until it is configured."""
HANDSHAKE_SECONDS = 2.5
"""How long a new call's session may take until it is configured."""
RENEW_SECONDS = 55 * 60.0
"""OpenAI closes a realtime session after 60 minutes; it is renewed before that, in a pause."""
MOST_ATTEMPTS = 2
RESUME = (
    "The connection was lost for a moment. Say so in a few words and ask the caller to repeat "
    "what they said last."
)


class Quiet(Protocol):
    """Says whether neither side is speaking, no answer is waited for, and no tool is at work."""

    def __call__(self) -> bool: ...


class RealtimeReconnection:
    """Watches one call's realtime service until it is cancelled.

    ``lost`` is told each time that the model went silent, whether its connection ended, its session was not
    set up, or it reacts to nothing that the caller says (``is_unheard``); ``back`` is told of each new
    connection, and whether it was asked to speak. ``give_up`` is told once: when it can't be brought back,
    or stays deaf each time.
    A call that ``is_over`` closes its connection itself.
    ``clock`` is in seconds, by default the event loop's; ``name`` is what the model is called in words.
    """

    def __init__(
        self,
        llm: OpenAIRealtimeLLMService,
        add_instruction: Callable[[str], None],
        quiet: Quiet,
        give_up: Callable[[str], Awaitable[None]],
        lost: Callable[[str], None],
        back: Callable[[bool], None],
        is_over: Callable[[], bool],
        is_unheard: Callable[[], bool] = bool,
        clock: Callable[[], float] | None = None,
        name: str = "the realtime model",
    ) -> None:
        self._llm, self._name = llm, name
        self._add_instruction = add_instruction
        self._quiet = quiet
        self._give_up = give_up
        self._lost = lost
        self._back = back
        self._is_over = is_over
        self._is_unheard = is_unheard
        self._unheard = 0
        self._unheard_at = 0.0
        self._clock = clock or asyncio.get_running_loop().time

    async def watch(self) -> None:
        """Poll the service: five times a second costs nothing that can be measured."""
        connected_at = self._clock()
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._is_over():
                return
            if pipecat_private.realtime_is_being_connected(self._llm):
                # a handoff gives it another voice
                connected_at = self._clock()
            elif why := self._silent(self._clock() - connected_at):
                if self._unheard > MOST_ATTEMPTS or not await self._bring_back(why):
                    await self._give_up(f"{self._name} could not be reached again ({why}); {LOOK}")
                    return
                connected_at = self._clock()
            elif self._clock() - connected_at > RENEW_SECONDS and self._may_renew():
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
        self._unheard_at = asyncio.get_running_loop().time()
        return "it did not hear the caller"

    async def _bring_back(self, why: str) -> bool:
        self._lost(f"realtime_lost: {self._name} went silent: {why}")
        await pipecat_private.end_half_answer(self._llm)
        self._add_instruction(RESUME)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            if self._is_over():
                return True
            logger.warning("{} went silent: {}; connecting anew, attempt {}", self._name, why, attempt)
            asked = await pipecat_private.realtime_restore(self._llm, speak=True)
            self._back(asked)
            if await self._is_back():
                return True
        return False

    def _may_renew(self) -> bool:
        """Whether nothing is lost with the session: no half turn of the caller's, and no answer."""
        events = pipecat_private.session_events(self._llm)
        half_heard = events is not None and events.caller_speaks
        return self._quiet() and not half_heard and not pipecat_private.realtime_is_answering(self._llm)

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
    remedies: Remedies, nobody_speaks: Callable[[], bool], is_unheard: Callable[[], bool]
) -> RealtimeReconnection | None:
    """What watches a call's realtime service; None for a cascade."""
    parts, nobody_waits = remedies.parts, remedies.response_deadline.nobody_waits
    if not isinstance(parts.llm, OpenAIRealtimeLLMService):
        return None

    def quiet() -> bool:
        return nobody_speaks() and nobody_waits()

    told = (quiet, remedies.apologise, remedies.reconnecting, remedies.restored, remedies.is_over, is_unheard)
    part = parts.progress.find(parts.llm)
    name = part.label if part else "the realtime model"
    return RealtimeReconnection(parts.llm, parts.instruct, *told, name=name)
